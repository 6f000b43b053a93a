// Command peer is the Go side of the interoperability tests: what a Go application that uses
// gorilla/sessions does with the cookies, rows and values that Rust writes, and the reverse.
package main

import (
	"fmt"
	"io"
	"os"
)

const usage = `usage: peer serve [-cookie NAME] [-max-age SECONDS] [-max-length BYTES]
       peer describe      < lines of JSON
       peer securecookie  < lines of JSON
       peer generate      > more-vectors.json
       peer typegen SEED COUNT DIRECTORY
`

func main() {
	if len(os.Args) < 2 {
		fail(usage)
	}
	if err := run(os.Args[1], os.Args[2:], os.Stdin, os.Stdout); err != nil {
		fail(fmt.Sprintf("peer %s: %v\n", os.Args[1], err))
	}
}

func run(command string, args []string, in io.Reader, out io.Writer) error {
	switch command {
	case "serve":
		return serve(args, in, out)
	case "describe":
		return answerLines(in, out, describeGob)
	case "securecookie":
		return answerLines(in, out, sealOrOpen)
	case "generate":
		return generate(args, out)
	case "typegen":
		return typegen(args, out)
	}
	return fmt.Errorf("no such command\n%s", usage)
}

func fail(message string) {
	fmt.Fprint(os.Stderr, message)
	os.Exit(2)
}
