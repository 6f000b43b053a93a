package main

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// asPeer, when set, makes the test binary behave as the program.
const asPeer = "PGSTORE_TEST_AS_PEER"

func TestMain(m *testing.M) {
	if os.Getenv(asPeer) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

const vectorFolder = "../../crates/pgstore/tests/vectors/"

// given is what the tests look at of a vector.
type given struct {
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	Encoded    string            `json:"encoded"`
	Value      json.RawMessage   `json:"value"`
	Result     string            `json:"go_result"`
	Detail     string            `json:"go_detail"`
	CookieName string            `json:"cookie_name"`
	Keys       map[string]string `json:"keys"`
	Plaintext  string            `json:"plaintext_hex"`
	Serializer string            `json:"serializer"`
	HashFunc   string            `json:"hash_func"`
}

// vectors reads the vectors of the given kinds, of which there must be some.
func vectors(t *testing.T, file string, kinds ...string) []given {
	t.Helper()
	text, err := os.ReadFile(vectorFolder + file)
	if err != nil {
		t.Fatal(err)
	}
	var all, chosen []given
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		for _, kind := range kinds {
			if v.Kind == kind {
				chosen = append(chosen, v)
			}
		}
	}
	if len(chosen) == 0 {
		t.Fatalf("%s has no vector of the kinds %v", file, kinds)
	}
	return chosen
}

// sameJSON fails unless both say the same, whatever the order of members.
func sameJSON(t *testing.T, got interface{}, want []byte) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var a, b interface{}
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}
