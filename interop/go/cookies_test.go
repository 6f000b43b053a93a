package main

import (
	"encoding/json"
	"testing"
)

func TestSecurecookieVectorsOpenAsTheirPlaintext(t *testing.T) {
	forEver := 0
	for _, v := range vectors(t, "go-vectors.json", "securecookie") {
		if v.Serializer != "gob" || v.HashFunc != "sha256" {
			continue // outside what pgstore uses
		}
		t.Run(v.Name, func(t *testing.T) {
			kind := "map"
			plain, err := describeGob(gobQuestion{kind, v.Plaintext})
			if err != nil {
				kind = "string"
				plain, err = describeGob(gobQuestion{kind, v.Plaintext})
			}
			if err != nil {
				t.Fatal(err)
			}
			want, _ := json.Marshal(plain["value"])
			a, err := sealOrOpen(cookieQuestion{
				Op: "decode", Name: v.CookieName, Kind: kind, Text: v.Encoded,
				Keys: []string{v.Keys["hash"], v.Keys["block"]}, MaxAge: &forEver,
			})
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, a["value"], want)
		})
	}
}

func TestWhatIsSealedOpensUnderTheSameKeysOnly(t *testing.T) {
	value := `{"t":"string","v":"abc"}`
	old, young := []string{"01", ""}, []string{"02", "404142434445464748494a4b4c4d4e4f"}
	sealed, err := sealOrOpen(cookieQuestion{
		Op: "encode", Name: "session-key", Keys: old, Value: json.RawMessage(value),
	})
	if err != nil {
		t.Fatal(err)
	}
	question := cookieQuestion{
		Op: "decode", Name: "session-key", Kind: "string", Text: sealed["text"].(string),
		Keys: append(young, old...),
	}
	opened, err := sealOrOpen(question)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, opened["value"], []byte(value))

	question.Keys = young
	if _, err = sealOrOpen(question); err == nil {
		t.Fatal("opened without its key")
	}
	if a := refusal(err); a["decode"] != true || a["usage"] != false {
		t.Errorf("%v, want a decode error", a)
	}
}
