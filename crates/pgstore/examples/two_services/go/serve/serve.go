// Package serve runs the example's HTTP servers.
package serve

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

// Serve listens on the address LISTEN, prints its URL, and ends when standard input closes, so that it cannot
// outlive the program that started it.
func Serve(handler http.Handler) {
	listener, err := net.Listen("tcp", os.Getenv("LISTEN"))
	if err != nil {
		log.Fatalf("%v; set PORT to a free port", err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, handler))
}
