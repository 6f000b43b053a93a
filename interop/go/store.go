package main

import (
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
	"github.com/gorilla/sessions"
)

// rowStore is a STAND-IN for github.com/antonlindstrom/pgstore, which the Go module proxy refused
// when this was written. It is ours, made from the observations in go-compat.md, oddities included;
// the sessions, the codecs and the driver around it are the real modules. README.md says what
// that proves and what it does not.
type rowStore struct {
	codecs  []securecookie.Codec
	options *sessions.Options
	db      *sql.DB
}

// sessionRow is a row of http_sessions. No member may be NULL: Scan fails on one, as in pgstore.
type sessionRow struct {
	id                               int64
	key, data                        string
	createdOn, modifiedOn, expiresOn time.Time
}

const createTable = `
DO $$ BEGIN
	CREATE TABLE IF NOT EXISTS http_sessions (
		id BIGSERIAL PRIMARY KEY,
		key BYTEA,
		data BYTEA,
		created_on TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
		modified_on TIMESTAMPTZ,
		expires_on TIMESTAMPTZ);
	CREATE INDEX IF NOT EXISTS http_sessions_expiry_idx ON http_sessions (expires_on);
	CREATE INDEX IF NOT EXISTS http_sessions_key_idx ON http_sessions (key);
EXCEPTION WHEN insufficient_privilege THEN
	IF to_regclass('http_sessions') IS NULL THEN
		RAISE;
	END IF;
END $$`

const (
	selectRow = `SELECT id, key, data, created_on, modified_on, expires_on
		FROM http_sessions WHERE key = $1`
	insertRow = `INSERT INTO http_sessions (key, data, created_on, modified_on, expires_on)
		VALUES ($1, $2, $3, $4, $5)`
	updateRow = `UPDATE http_sessions SET data = $1, modified_on = $2, expires_on = $3
		WHERE key = $4`
	deleteRow = `DELETE FROM http_sessions WHERE key = $1`
)

func newRowStore(db *sql.DB, keyPairs ...[]byte) (*rowStore, error) {
	if _, err := db.Exec(createTable); err != nil {
		return nil, fmt.Errorf("creating the table: %w", err)
	}
	return &rowStore{
		codecs:  securecookie.CodecsFromPairs(keyPairs...),
		options: &sessions.Options{Path: "/", MaxAge: 30 * 24 * 60 * 60},
		db:      db,
	}, nil
}

// MaxAge sets the age of cookies and rows, in seconds. 0 switches the check of the age off.
func (s *rowStore) MaxAge(age int) {
	s.options.MaxAge = age
	for _, codec := range s.codecs {
		codec.(*securecookie.SecureCookie).MaxAge(age)
	}
}

// MaxLength bounds the text of the cookie and of the row, in bytes. 0 is unlimited.
func (s *rowStore) MaxLength(length int) {
	for _, codec := range s.codecs {
		codec.(*securecookie.SecureCookie).MaxLength(length)
	}
}

func (s *rowStore) Get(r *http.Request, name string) (*sessions.Session, error) {
	return sessions.GetRegistry(r).Get(s, name)
}

// New opens the first cookie of the name. A cookie without a row is no error, and keeps its ID.
func (s *rowStore) New(r *http.Request, name string) (*sessions.Session, error) {
	session := sessions.NewSession(s, name)
	options := *s.options
	session.Options = &options
	session.IsNew = true

	cookie, err := r.Cookie(name)
	if err != nil {
		return session, nil
	}
	if err := securecookie.DecodeMulti(name, cookie.Value, &session.ID, s.codecs...); err != nil {
		return session, err
	}
	err = s.load(session)
	if errors.Is(err, sql.ErrNoRows) {
		return session, nil
	}
	session.IsNew = err != nil
	return session, err
}

func (s *rowStore) load(session *sessions.Session) error {
	var row sessionRow
	err := s.db.QueryRow(selectRow, session.ID).Scan(
		&row.id, &row.key, &row.data, &row.createdOn, &row.modifiedOn, &row.expiresOn)
	if err != nil {
		return err
	}
	// The row's expires_on is not looked at: the time inside data decides.
	return securecookie.DecodeMulti(session.Name(), row.data, &session.Values, s.codecs...)
}

// Save writes the row, then the cookie. IsNew stays as it was, so a second Save of a new session
// makes a second row; an UPDATE of no row goes unnoticed.
func (s *rowStore) Save(_ *http.Request, w http.ResponseWriter, session *sessions.Session) error {
	if session.Options.MaxAge < 0 {
		if _, err := s.db.Exec(deleteRow, session.ID); err != nil {
			return err
		}
		http.SetCookie(w, sessions.NewCookie(session.Name(), "", session.Options))
		return nil
	}
	if session.ID == "" {
		key := securecookie.GenerateRandomKey(32)
		session.ID = strings.TrimRight(base32.StdEncoding.EncodeToString(key), "=")
	}
	if err := s.store(session); err != nil {
		return err
	}
	cookie, err := securecookie.EncodeMulti(session.Name(), session.ID, s.codecs...)
	if err != nil {
		return err
	}
	http.SetCookie(w, sessions.NewCookie(session.Name(), cookie, session.Options))
	return nil
}

func (s *rowStore) store(session *sessions.Session) error {
	data, err := securecookie.EncodeMulti(session.Name(), session.Values, s.codecs...)
	if err != nil {
		return err
	}
	now := time.Now()
	createdOn, expiresOn := times(session, now)
	if session.IsNew {
		_, err = s.db.Exec(insertRow, session.ID, data, createdOn, now, expiresOn)
	} else {
		_, err = s.db.Exec(updateRow, data, now, expiresOn, session.ID)
	}
	return err
}

// times honours the two special values: a created_on that is a time, and the later expires_on,
// which panics when it is anything but a time.
func times(session *sessions.Session, now time.Time) (createdOn, expiresOn time.Time) {
	createdOn, ok := session.Values["created_on"].(time.Time)
	if !ok {
		createdOn = now
	}
	expiresOn = now.Add(time.Duration(session.Options.MaxAge) * time.Second)
	if given := session.Values["expires_on"]; given != nil {
		if later := given.(time.Time); later.After(expiresOn) {
			expiresOn = later
		}
	}
	return createdOn, expiresOn
}
