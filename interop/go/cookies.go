package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gorilla/securecookie"
)

// cookieQuestion is a line of `peer securecookie`.
type cookieQuestion struct {
	Op        string          `json:"op"`   // encode or decode
	Name      string          `json:"name"` // of the cookie
	Keys      []string        `json:"keys"` // hex: hash, block, hash, block, …; "" is an absent block
	Kind      string          `json:"kind"` // decode: map or string
	Text      string          `json:"text"` // decode: what to open
	Value     json.RawMessage `json:"value"`
	MaxAge    *int            `json:"max_age"`
	MinAge    *int            `json:"min_age"`
	MaxLength *int            `json:"max_length"`
}

// sealOrOpen runs the real EncodeMulti or DecodeMulti.
func sealOrOpen(q cookieQuestion) (answer, error) {
	codecs, err := q.codecs()
	if err != nil {
		return nil, err
	}
	switch q.Op {
	case "encode":
		return seal(q, codecs)
	case "decode":
		return open(q, codecs)
	}
	return nil, fmt.Errorf("the op is encode or decode, not %q", q.Op)
}

func seal(q cookieQuestion, codecs []securecookie.Codec) (answer, error) {
	value, err := parse(q.Value)
	if err != nil {
		return nil, err
	}
	text, err := securecookie.EncodeMulti(q.Name, value, codecs...)
	return answer{"text": text}, err
}

func open(q cookieQuestion, codecs []securecookie.Codec) (answer, error) {
	switch q.Kind {
	case "map":
		return openInto(q, codecs, map[interface{}]interface{}{})
	case "string":
		return openInto(q, codecs, "")
	}
	return nil, fmt.Errorf("the kind is map or string, not %q", q.Kind)
}

func openInto[T any](q cookieQuestion, codecs []securecookie.Codec, target T) (answer, error) {
	if err := securecookie.DecodeMulti(q.Name, q.Text, &target, codecs...); err != nil {
		return nil, err
	}
	return answer{"value": describe(target)}, nil
}

// codecs leaves every setting that is not given at gorilla's default.
func (q *cookieQuestion) codecs() ([]securecookie.Codec, error) {
	keys, err := parseKeys(q.Keys)
	if err != nil {
		return nil, err
	}
	codecs := securecookie.CodecsFromPairs(keys...)
	for _, codec := range codecs {
		cookie := codec.(*securecookie.SecureCookie) // CodecsFromPairs makes no other
		set(q.MaxAge, cookie.MaxAge)
		set(q.MinAge, cookie.MinAge)
		set(q.MaxLength, cookie.MaxLength)
	}
	return codecs, nil
}

func set(value *int, setter func(int) *securecookie.SecureCookie) {
	if value != nil {
		setter(*value)
	}
}

// parseKeys reads hex. An empty item is nil, which means "no encryption" in the place of a block
// key; an empty key that is not nil would be an error.
func parseKeys(items []string) ([][]byte, error) {
	keys := make([][]byte, len(items))
	for i, item := range items {
		if item == "" {
			continue
		}
		key, err := hex.DecodeString(item)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
		keys[i] = key
	}
	return keys, nil
}

// refusal reports an error, and whose fault it is when securecookie says so.
func refusal(err error) answer {
	a := answer{"ok": false, "error": err.Error()}
	var class securecookie.Error
	if errors.As(err, &class) {
		a["usage"], a["decode"], a["internal"] = class.IsUsage(), class.IsDecode(), class.IsInternal()
	}
	return a
}
