package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gorilla/sessions"
)

// app is a small web application, each of whose routes does one thing to its session.
type app struct {
	store  sessions.Store
	cookie string
}

// handler works on a loaded session, and says what to answer.
type handler func(r *http.Request, session *sessions.Session) (reply, error)

type reply struct {
	save   bool
	status int
	body   interface{} // nil: the session as GET /session shows it
}

func routes(s sessions.Store, cookie string) http.Handler {
	a := &app{store: s, cookie: cookie}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /session", a.show)
	mux.HandleFunc("POST /login", a.change(login))
	mux.HandleFunc("POST /logout", a.change(logout))
	mux.HandleFunc("POST /counter", a.change(count))
	mux.HandleFunc("POST /set", a.change(setValues))
	mux.HandleFunc("POST /assert", a.change(assert))
	mux.HandleFunc("POST /flashes", a.change(flashes))
	return mux
}

// show answers with the session and never saves it.
func (a *app) show(w http.ResponseWriter, r *http.Request) {
	session, err := a.store.Get(r, a.cookie)
	if session == nil { // gorilla's answer to a cookie name that is not a token
		respond(w, http.StatusInternalServerError, answer{"error": err.Error()})
		return
	}
	body := describeSession(session)
	if err != nil {
		body["error"] = err.Error()
	}
	respond(w, http.StatusOK, body)
}

// change refuses a session that did not load, runs the handler and saves. What panics in a Go
// application is a 500 that says so.
func (a *app) change(handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if cause := recover(); cause != nil {
				respond(w, http.StatusInternalServerError, answer{"panic": fmt.Sprint(cause)})
			}
		}()
		session, err := a.store.Get(r, a.cookie)
		if err != nil {
			respond(w, http.StatusInternalServerError, answer{"error": err.Error()})
			return
		}
		result, err := handle(r, session)
		if err != nil {
			respond(w, http.StatusBadRequest, answer{"error": err.Error()})
			return
		}
		if err := saveIf(result.save, w, r, session); err != nil {
			respond(w, http.StatusInternalServerError, answer{"error": err.Error()})
			return
		}
		if result.body == nil {
			result.body = describeSession(session)
		}
		respond(w, max(result.status, http.StatusOK), result.body)
	}
}

func saveIf(wanted bool, w http.ResponseWriter, r *http.Request, session *sessions.Session) error {
	if !wanted {
		return nil
	}
	return session.Save(r, w)
}

func respond(w http.ResponseWriter, status int, body interface{}) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone is no matter
}

func describeSession(session *sessions.Session) answer {
	values := describe(session.Values)["entries"]
	return answer{"new": session.IsNew, "id": session.ID, "values": values, "error": nil}
}

func login(r *http.Request, session *sessions.Session) (reply, error) {
	user := r.FormValue("user")
	session.Values["user"] = user
	session.AddFlash("welcome " + user)
	return reply{save: true}, nil
}

func logout(_ *http.Request, session *sessions.Session) (reply, error) {
	session.Options.MaxAge = -1
	return reply{save: true}, nil
}

// count adds one to an int, with the assertion that panics when the value is of another type.
func count(_ *http.Request, session *sessions.Session) (reply, error) {
	n := 0
	if value, ok := session.Values["counter"]; ok {
		n = value.(int)
	}
	session.Values["counter"] = n + 1
	return reply{save: true, body: answer{"counter": n + 1}}, nil
}

func flashes(r *http.Request, session *sessions.Session) (reply, error) {
	found := []description{}
	for _, flash := range session.Flashes(r.URL.Query()["key"]...) {
		found = append(found, describe(flash))
	}
	return reply{save: true, body: answer{"flashes": found}}, nil
}
