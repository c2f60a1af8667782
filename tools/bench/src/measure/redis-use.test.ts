import { expect, it } from "vitest";
import { readRedisUse } from "./redis-use.ts";

it("scripts are told from the commands inside and beside them; connections and INFO itself do not count", () => {
  const info = [
    "# CPU\r\nused_cpu_sys:0.250000\r\nused_cpu_user:0.500000\r\nused_cpu_sys_children:9.0\r\n# Commandstats",
    "cmdstat_evalsha:calls=6,usec=700,usec_per_call=116.67,rejected_calls=0,failed_calls=0",
    "cmdstat_fcall:calls=1,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0",
    "cmdstat_hset:calls=20,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0",
    "cmdstat_xgroup|create:calls=2,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0",
    "cmdstat_client|setinfo:calls=30,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0",
    "cmdstat_script|load:calls=40,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0",
    "cmdstat_info:calls=50,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0",
  ].join("\r\n");
  expect(readRedisUse(info)).toEqual({ scripts: 7, commands: 22, cpuMs: 750 });
});
