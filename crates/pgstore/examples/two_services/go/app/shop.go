package main

import (
	"html/template"
	"net/http"

	"github.com/gorilla/sessions"
)

const cookie = "session-key"

type shop struct {
	store sessions.Store
}

// home reads the session and does not save it: a save would undo what Rust saves at the same moment.
func (s *shop) home(w http.ResponseWriter, r *http.Request) {
	session, err := s.store.Get(r, cookie)
	if err != nil {
		http.Error(w, "the session cannot be read", http.StatusServiceUnavailable)
		return
	}
	user, _ := session.Values["user"].(string)
	settings, _ := session.Values["settings"].(Settings)
	changes, _ := session.Values["changes"].(int) // Rust writes it as go::Int; an int64 would be ignored here
	w.Header().Set("Cache-Control", "no-store")
	_ = page.Execute(w, map[string]any{"User": user, "Settings": settings, "Changes": changes})
}

// changing runs a handler that changes the session, and saves.
func (s *shop) changing(change func(*http.Request, *sessions.Session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := s.store.Get(r, cookie)
		if err == nil {
			change(r, session)
			err = session.Save(r, w)
		}
		if err != nil {
			http.Error(w, "the session cannot be used", http.StatusServiceUnavailable)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

func logIn(r *http.Request, session *sessions.Session) {
	session.Values["user"] = r.FormValue("user") // check a password here
	session.Values["settings"] = Settings{Colour: "blue"}
}

func buy(_ *http.Request, session *sessions.Session) {
	settings, _ := session.Values["settings"].(Settings)
	settings.Items++
	session.Values["settings"] = settings
}

var page = template.Must(template.New("shop").Parse(`<!doctype html><html lang="en"><title>Shop</title>
<h1>Shop (Go)</h1>
{{if .User}}
<p>Hello, <b>{{.User}}</b>. You have {{.Settings.Items}} items. Your colour is {{.Settings.Colour}}, changed {{.Changes}} times.</p>
<form method="post" action="/buy"><button>Buy one</button></form>
<p><a href="/account">Your account (Rust)</a></p>
{{else}}
<form method="post" action="/login"><label>Your name <input name="user" required></label> <button>Log in</button></form>
{{end}}`))
