// Command app is the service in Go: the shop and the login. It is an ordinary program on gorilla/sessions and
// antonlindstrom/pgstore, and knows nothing of Rust.
package main

import (
	"encoding/gob"
	"encoding/hex"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/antonlindstrom/pgstore"
	"github.com/gorilla/sessions"

	"pgstore.test/two-services/serve"
)

// Settings is a struct in the session. Rust knows its Colour and leaves its Items alone.
type Settings struct {
	Colour string
	Items  int
}

func main() {
	gob.Register(Settings{}) // under the name main.Settings
	store, err := pgstore.NewPGStore(os.Getenv("DATABASE_URL"), keyPairs(os.Getenv("SESSION_KEYS"))...)
	if err != nil {
		log.Fatal(err)
	}
	// The same as in Rust: two services with other attributes would overwrite each other's cookies, or, with another
	// Path or Domain, set two of one name.
	store.Options = &sessions.Options{Path: "/", MaxAge: 30 * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode}

	shop := &shop{store}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", shop.home)
	mux.HandleFunc("POST /login", shop.changing(logIn))
	mux.HandleFunc("POST /buy", shop.changing(buy))
	serve.Serve(mux)
}

// keyPairs parses hash[,block,hash,block…] in hexadecimal.
func keyPairs(text string) [][]byte {
	var keys [][]byte
	for _, item := range strings.Split(text, ",") {
		key, err := hex.DecodeString(item)
		if err != nil {
			log.Fatal("SESSION_KEYS must be hexadecimal: hash[,block,hash,block…]") // err shows a character of the key
		}
		keys = append(keys, key)
	}
	return keys
}
