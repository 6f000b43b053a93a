package main

import (
	"database/sql"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/antonlindstrom/pgstore"
	_ "github.com/lib/pq"
)

// serve runs the application until its standard input closes, so that it cannot outlive the test
// that started it. Secrets come from the environment: DATABASE_URL and SESSION_KEYS.
func serve(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	name := flags.String("cookie", "session-key", "name of the cookie")
	maxAge := flags.Int("max-age", 2592000, "of cookies and rows, in seconds; 0 = until the browser closes")
	maxLength := flags.Int("max-length", 4096, "of cookie and row, in bytes; 0 = unlimited")
	if err := flags.Parse(args); err != nil {
		return err
	}
	sessionStore, err := openStore(os.Getenv("DATABASE_URL"), os.Getenv("SESSION_KEYS"))
	if err != nil {
		return err
	}
	sessionStore.MaxAge(*maxAge)
	sessionStore.MaxLength(*maxLength)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "http://%s\n", listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, in) // returns when the parent is gone, however it went
		os.Exit(0)
	}()
	return http.Serve(listener, routes(sessionStore, *name))
}

func openStore(databaseURL, sessionKeys string) (*pgstore.PGStore, error) {
	if sessionKeys == "" {
		return nil, fmt.Errorf("SESSION_KEYS is not set: hash[,block,hash,block…] in hex")
	}
	keys, err := parseKeys(strings.Split(sessionKeys, ","))
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("postgres", withoutTLS(databaseURL))
	if err != nil {
		return nil, err
	}
	return pgstore.NewPGStoreFromPool(db, keys...)
}

// withoutTLS is what a throwaway server on loopback needs: lib/pq asks for TLS unless told.
func withoutTLS(databaseURL string) string {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Query().Has("sslmode") {
		return databaseURL
	}
	query := u.Query()
	query.Set("sslmode", "disable")
	u.RawQuery = query.Encode()
	return u.String()
}
