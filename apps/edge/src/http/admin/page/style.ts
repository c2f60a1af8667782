export const STYLE = `
:root { --ink: #1b1d21; --soft: #5b6270; --line: #d9dce3; --ground: #f6f6f4; --card: #fff; --blue: #2456d6; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaee; --soft: #a0a7b4; --line: #363b45; --ground: #14161a; --card: #1d2026; --blue: #8eacff; --bad: #ff9d94; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; padding: 10px 20px; border-bottom: 1px solid var(--line); background: var(--card); }
h1 { margin: 0; font-size: 1.05rem; }
h2 { margin: 0 0 8px; font-size: 0.95rem; }
h1 small, .soft { color: var(--soft); font-weight: 400; }
.soft { margin: 4px 0; font-size: 0.88rem; }
#said { flex: 1; margin: 0; min-height: 1.5em; color: var(--soft); }
#said.bad { color: var(--bad); }
.actions { display: flex; gap: 8px; }
.actions[hidden] { display: none; }
main, #sign-in { max-width: 1180px; margin: 0 auto; padding: 16px 20px; }
section { margin-bottom: 16px; padding: 14px 16px; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 16px; }
.pair section { margin: 0; }
#sign-in { display: grid; gap: 8px; max-width: 400px; margin-top: 60px; }
form#find, form#quota { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: end; }
form#quota { margin-top: 10px; }
[hidden] { display: none !important; }
label { display: grid; gap: 2px; font-size: 0.88rem; color: var(--soft); }
input { font: inherit; padding: 6px 10px; border: 1px solid var(--soft); border-radius: 7px; background: var(--ground); color: var(--ink); min-width: 0; }
button { font: inherit; padding: 6px 14px; border: 1px solid var(--soft); border-radius: 7px; background: var(--card); color: var(--blue); cursor: pointer; }
button.bad { color: var(--bad); }
button.link { padding: 0; border: 0; background: none; text-decoration: underline; text-align: start; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 10px; margin: 0; }
dl div { display: flex; flex-direction: column-reverse; }
dt { color: var(--soft); font-size: 0.82rem; }
dd { margin: 0; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px 4px 0; text-align: start; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 400; }
ol.life { list-style: none; margin: 10px 0 0; padding: 0 0 0 14px; border-inline-start: 2px solid var(--line); }
ol.life li { margin: 0 0 6px; }
ol.life b { display: inline-block; min-width: 88px; }
`;
