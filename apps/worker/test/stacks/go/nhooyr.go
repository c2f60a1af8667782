// An engine written with nhooyr.io/websocket and its default limits. It sends the frames that talk.py describes.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"nhooyr.io/websocket"
	"nhooyr.io/websocket/wsjson"
)

type frame map[string]string

func reply(ctx context.Context, socket *websocket.Conn, ask frame) {
	fmt.Println("prompt", ask["unique_id"])
	words, pause := 2, time.Duration(0)
	if strings.HasPrefix(ask["message"], "slow") {
		words, pause = 30, 200*time.Millisecond
	}
	if strings.HasPrefix(ask["message"], "busy") {
		time.Sleep(45 * time.Second)
	}
	for number := 0; number < words; number++ {
		time.Sleep(pause)
		wsjson.Write(ctx, socket, frame{"unique_id": ask["unique_id"], "delta": fmt.Sprintf("w%d ", number)})
	}
	wsjson.Write(ctx, socket, frame{"unique_id": ask["unique_id"], "type": "end"})
}

func main() {
	http.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer right" {
			http.Error(w, "", http.StatusUnauthorized)
			return
		}
		socket, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer socket.Close(websocket.StatusInternalError, "")
		for ask := (frame{}); wsjson.Read(r.Context(), socket, &ask) == nil; ask = (frame{}) {
			reply(r.Context(), socket, ask)
		}
	})
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
