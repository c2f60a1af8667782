// An engine written with gorilla/websocket and its default limits. It sends the frames that talk.py describes.
package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

type frame map[string]string

func reply(socket *websocket.Conn, ask frame) {
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
		socket.WriteJSON(frame{"unique_id": ask["unique_id"], "delta": fmt.Sprintf("w%d ", number)})
	}
	socket.WriteJSON(frame{"unique_id": ask["unique_id"], "type": "end"})
}

func main() {
	http.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer right" {
			http.Error(w, "", http.StatusUnauthorized)
			return
		}
		socket, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer socket.Close()
		for ask := (frame{}); socket.ReadJSON(&ask) == nil; ask = (frame{}) {
			reply(socket, ask)
		}
	})
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil)
}
