package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gorilla/sessions"
)

// operations is the body of POST /set; what is given is done in this order.
type operations struct {
	Set     map[string]json.RawMessage `json:"set"`     // any described value under a string key
	Entries [][2]json.RawMessage       `json:"entries"` // described key and value: keys of any type
	Int     map[string]int             `json:"int"`
	Int64   map[string]int64           `json:"int64"`
	Float64 map[string]float64         `json:"float64"`
	Bool    map[string]bool            `json:"bool"`
	String  map[string]string          `json:"string"`
	Strings map[string][]string        `json:"strings"`
	Delete  []string                   `json:"delete"`
	Flash   []string                   `json:"flash"`
	MaxAge  *int                       `json:"max_age"` // of this session's cookie and row
}

func setValues(r *http.Request, session *sessions.Session) (reply, error) {
	var ops operations
	if err := strictly(r, &ops); err != nil {
		return reply{}, err
	}
	if err := ops.setDescribed(session); err != nil {
		return reply{}, err
	}
	setAll(session, ops.Int)
	setAll(session, ops.Int64)
	setAll(session, ops.Float64)
	setAll(session, ops.Bool)
	setAll(session, ops.String)
	setAll(session, ops.Strings)
	for _, key := range ops.Delete {
		delete(session.Values, key)
	}
	for _, flash := range ops.Flash {
		session.AddFlash(flash)
	}
	if ops.MaxAge != nil {
		session.Options.MaxAge = *ops.MaxAge
	}
	return reply{save: true}, nil
}

func (ops *operations) setDescribed(session *sessions.Session) error {
	for key, text := range ops.Set {
		value, err := parse(text)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		session.Values[key] = value
	}
	for _, entry := range ops.Entries {
		key, err := parse(entry[0])
		if err != nil {
			return err
		}
		value, err := parse(entry[1])
		if err != nil {
			return err
		}
		session.Values[key] = value
	}
	return nil
}

func setAll[T any](session *sessions.Session, values map[string]T) {
	for key, value := range values {
		session.Values[key] = value
	}
}

// strictly refuses members that it does not know: a misspelt operation would do nothing.
func strictly(r *http.Request, target interface{}) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	return decoder.Decode(target)
}
