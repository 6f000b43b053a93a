package main

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"fmt"
)

// gobQuestion is a line of `peer describe`.
type gobQuestion struct {
	Kind string `json:"kind"`
	Hex  string `json:"hex"`
}

// describeGob says what Go makes of the bytes when it expects the given kind.
func describeGob(q gobQuestion) (answer, error) {
	data, err := hex.DecodeString(q.Hex)
	if err != nil {
		return nil, err
	}
	value, err := decodeGob(data, q.Kind)
	if err != nil {
		return nil, err
	}
	a := answer{"value": describe(value)}
	if session, ok := value.(map[interface{}]interface{}); ok {
		if grids, ok := session["k"].(Grids); ok {
			a["nil_maps"] = grids.nilMaps()
		}
	}
	return a, nil
}

// decodeGob decodes into a variable of the kind, as securecookie does: what follows the value is
// not looked at.
func decodeGob(data []byte, kind string) (interface{}, error) {
	decoder := gob.NewDecoder(bytes.NewReader(data))
	switch kind {
	case "map":
		return decodeInto(decoder, map[interface{}]interface{}{})
	case "string":
		return decodeInto(decoder, "")
	case "user":
		return decodeInto(decoder, User{})
	}
	return nil, fmt.Errorf("the kind is map, string or user, not %q", kind)
}

func decodeInto[T any](decoder *gob.Decoder, target T) (interface{}, error) {
	err := decoder.Decode(&target)
	return target, err
}

// encodeGob encodes with a fresh encoder, as securecookie does.
func encodeGob(value interface{}) ([]byte, error) {
	var data bytes.Buffer
	err := gob.NewEncoder(&data).Encode(value)
	return data.Bytes(), err
}
