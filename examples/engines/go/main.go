// An engine for docrelay with Go and gorilla/websocket: go mod init engine && go mod tidy && go run .
package main

import (
	"context"
	"flag"
	"fmt"
	"github.com/gorilla/websocket"
	"net/http"
	"strings"
	"time"
)

type frame map[string]string

// Put your model here: call `say` with each piece of text as the model makes it, and stop when the context is done.
func answer(ctx context.Context, prompt string, say func(string) error) error {
	err := say(fmt.Sprintf("The prompt has %d bytes. It begins:", len(prompt)))
	words := strings.Fields(fmt.Sprintf("%.300s", prompt))
	for i := 0; i < len(words) && err == nil && ctx.Err() == nil; i++ {
		time.Sleep(50 * time.Millisecond)
		err = say(" " + words[i])
	}
	return err
}

func reply(ctx context.Context, socket *websocket.Conn, ask frame, busy chan bool) {
	defer func() { <-busy }()
	id := ask["unique_id"] // every frame repeats this id, so that docrelay may use the connection for other users, too
	err := answer(ctx, ask["message"], func(delta string) error {
		return socket.WriteJSON(frame{"unique_id": id, "type": "delta", "delta": delta})
	})
	if ctx.Err() != nil {
		fmt.Println("cancelled", id)
	} else if err != nil {
		socket.WriteJSON(frame{"unique_id": id, "type": "error", "message": err.Error()})
	} else {
		socket.WriteJSON(frame{"unique_id": id, "type": "end"})
	}
}

func main() {
	addr := flag.String("addr", "127.0.0.1:7800", "where to listen")
	flag.Parse()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		socket, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer socket.Close()
		socket.SetReadLimit(1 << 26) // a prompt with PDFs may have megabytes
		// When the user cancels, docrelay closes the connection: then this loop ends, and with it the request's context.
		for ask, busy := (frame{}), make(chan bool, 1); socket.ReadJSON(&ask) == nil; ask = (frame{}) {
			busy <- true // docrelay sends one prompt at a time, but maybe before the write of the last frame has returned
			go reply(r.Context(), socket, ask, busy)
		}
	})
	fmt.Println(http.ListenAndServe(*addr, nil))
}
