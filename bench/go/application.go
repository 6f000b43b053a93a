package main

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/antonlindstrom/pgstore"
	"github.com/gorilla/securecookie"
	_ "github.com/lib/pq"
)

const cookieName = "session"

// mostConnections bounds the pool: pgstore itself sets no bound.
const mostConnections = 64

type application struct {
	store    *pgstore.PGStore
	requests []*http.Request
	text     string
}

func newApplication(rows, visitors, bytes int) (*application, error) {
	hashKey, err := hex.DecodeString(os.Getenv("HASH_KEY"))
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		return nil, err
	}
	store, err := pgstore.NewPGStoreFromPool(db, hashKey)
	if err != nil {
		return nil, err
	}
	store.MaxLength(0)
	app := &application{store: store, text: strings.Repeat("x", bytes)}
	for visitor := 0; visitor < visitors; visitor++ {
		request, err := app.request(key(visitor * (rows / visitors)))
		if err != nil {
			return nil, err
		}
		app.requests = append(app.requests, request)
	}
	return app, nil
}

// useConnections gives each caller a connection of its own that stays open.
func (app *application) useConnections(callers int) {
	connections := min(callers, mostConnections)
	app.store.DbPool.SetMaxOpenConns(connections)
	app.store.DbPool.SetMaxIdleConns(connections)
}

// key is the key of a row, as dataset.rs makes it.
func key(row int) string {
	row = row * 7654321 % 10077696
	digits := make([]byte, 9)
	for place := 8; place >= 0; place-- {
		digits[place] = byte('2' + row%6)
		row /= 6
	}
	return string(digits) + strings.Repeat("A", 43)
}

func (app *application) request(key string) (*http.Request, error) {
	request, err := http.NewRequest("GET", "/", nil)
	if err != nil {
		return nil, err
	}
	value, err := securecookie.EncodeMulti(cookieName, key, app.store.Codecs...)
	if err != nil {
		return nil, err
	}
	request.AddCookie(&http.Cookie{Name: cookieName, Value: value})
	return request, nil
}

// drive lets callers repeat the work until the deadline, and counts what they did.
func (app *application) drive(work string, callers int, deadline time.Time) (int64, error) {
	var done atomic.Int64
	var first atomic.Value
	var group sync.WaitGroup
	for caller := 0; caller < callers; caller++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Now().Before(deadline) {
				if err := app.operate(work); err != nil {
					first.CompareAndSwap(nil, err.Error())
					return
				}
				done.Add(1)
			}
		}()
	}
	group.Wait()
	if failure := first.Load(); failure != nil {
		return done.Load(), fmt.Errorf("%v", failure)
	}
	return done.Load(), nil
}

func (app *application) operate(work string) error {
	request := app.requests[rand.Intn(len(app.requests))]
	switch work {
	case "read":
		return app.read(request)
	case "save":
		return app.save(request)
	case "insert":
		return app.insert()
	case "mix":
		if rand.Intn(100) < 5 {
			return app.save(request)
		}
		return app.read(request)
	}
	return fmt.Errorf("no such work: %s", work)
}

func (app *application) read(request *http.Request) error {
	session, err := app.store.New(request, cookieName)
	if err != nil {
		return err
	}
	if _, ok := session.Values["visits"].(int64); !ok {
		return fmt.Errorf("the session has no value")
	}
	return nil
}

func (app *application) save(request *http.Request) error {
	session, err := app.store.New(request, cookieName)
	if err != nil {
		return err
	}
	session.Values["visits"] = rand.Int63n(1 << 30)
	return app.store.Save(request, response{}, session)
}

func (app *application) insert() error {
	request := &http.Request{Header: http.Header{}}
	session, err := app.store.New(request, cookieName)
	if err != nil {
		return err
	}
	session.Values["user"] = "ada@example.org"
	session.Values["visits"] = int64(1)
	session.Values["text"] = app.text
	return app.store.Save(request, response{}, session)
}

// response takes a cookie and throws it away.
type response struct{}

func (response) Header() http.Header            { return http.Header{} }
func (response) Write(body []byte) (int, error) { return len(body), nil }
func (response) WriteHeader(int)                {}
