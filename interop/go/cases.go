package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"time"
)

// session is what gorilla calls Values.
type session = map[interface{}]interface{}

// list and object are short for the two types that nest without end.
type (
	list   = []interface{}
	object = map[string]interface{}
)

// gobCase is one entry of more-vectors.json. The value is a function, so that one process meets
// the types of its own case only.
type gobCase struct {
	name, expr, notes string
	value             func() interface{}
	order             []string // of the keys, one letter each: Go's own order is random
}

var ada = User{7, "Ada", true, []string{"x", "y"}}

var cases = append(append(splitCases, valueCases...), refusedCases...)

// splitCases define types inside interface values. At depth 1 the message ends after a definition;
// deeper the definitions stand inline.
var splitCases = []gobCase{
	{name: "more/split_depth1", expr: `M{"u":main.User{…}}`,
		notes: "two definitions at depth 1: the value goes on in later messages",
		value: func() interface{} { return session{"u": ada} }},
	{name: "more/split_depth1_key_and_value", expr: `M{main.Addr{"Rome"}:main.User{…}}`,
		notes: "the key and the value each bring types at depth 1",
		value: func() interface{} { return session{Addr{"Rome"}: ada} }},
	{name: "more/split_depth1_three_entries", expr: `M{"a":main.User{…},"b":main.Flash{…},"c":[]string{…}}`,
		notes: "three splits in one map; the last needs no new definition ([]string came with User)",
		order: []string{"a", "b", "c"},
		value: func() interface{} {
			return session{"a": ada, "b": Flash{"l", "t"}, "c": []string{"s"}}
		}},
	{name: "more/split_depth2", expr: `M{"l":[]interface{}{main.User{…},main.Flash{…},main.User{…}}}`,
		notes: "definitions inline at depth 2; the second User needs none",
		value: func() interface{} { return session{"l": list{ada, Flash{"l", "t"}, ada}} }},
	{name: "more/split_depth3", expr: `M{"l":[]interface{}{map[string]interface{}{"k":[]interface{}{main.User{…},main.Color{…}}}}}`,
		notes: "definitions inline at depths 2, 3 and 4",
		value: func() interface{} {
			return session{"l": list{object{"k": list{ada, Color{1, 2, 3}}}}}
		}},
	{name: "more/split_depth2_then_more", expr: `M{"l":[]interface{}{main.User{…},"after",7,nil,main.Addr{…}}}`,
		notes: "plain values between and after inline definitions",
		value: func() interface{} { return session{"l": list{ada, "after", 7, nil, Addr{"Rome"}}} }},
	{name: "more/split_then_depth1", expr: `M{"a":[]interface{}{main.User{…}},"b":main.Color{…}}`,
		notes: "definitions inline at depth 2, then a split at depth 1",
		order: []string{"a", "b"},
		value: func() interface{} { return session{"a": list{ada}, "b": Color{1, 2, 3}} }},
	{name: "more/split_in_struct_field", expr: `M{"c":main.Corners{Any: main.Corners{Any: main.User{…}}}}`,
		notes: "new types in interface fields of structs, at depths 2 and 3",
		value: func() interface{} { return session{"c": Corners{Any: Corners{Any: ada}}} }},
	{name: "more/split_in_slice_of_structs", expr: `M{"n":[]map[string]interface{}{{"u":main.User{…}},{"f":main.Flash{…}}}}`,
		notes: "a slice whose element type holds interfaces",
		value: func() interface{} {
			return session{"n": []map[string]interface{}{{"u": ada}, {"f": Flash{"l", "t"}}}}
		}},
}

// valueCases are values that the given vectors lack.
var valueCases = []gobCase{
	{name: "more/nested_64", expr: `M{"n": 64 × []interface{}{…{}}}`, value: nested(64)},
	{name: "more/nested_65", expr: `M{"n": 65 × []interface{}{…{}}}`, value: nested(65),
		notes: "Go has no such limit"},
	{name: "more/pointer_to_struct", expr: `M{"p":&main.Profile{"ada",&Profile{"bob",nil,nil},&Addr{"Rome"}}}`,
		notes: "registered by pointer: *main.Profile on the wire, a struct all the same",
		value: func() interface{} {
			return session{"p": &Profile{"ada", &Profile{Nick: "bob"}, &Addr{"Rome"}}}
		}},
	{name: "more/pointer_to_registered_value", expr: `M{"u":&main.User{…}}`,
		notes: "a pointer to a type registered by value is sent as that value: Go reads main.User",
		value: func() interface{} { return session{"u": &ada} }},
	{name: "more/struct_corners_zero", expr: `M{"c":main.Corners{}}`,
		notes: "embedded and nested structs and arrays are sent even when zero",
		value: func() interface{} { return session{"c": Corners{}} }},
	{name: "more/struct_corners_full", expr: `M{"c":main.Corners{…}}`,
		value: func() interface{} {
			n := -1
			return session{"c": Corners{
				Base{"k"}, Addr{"Rome"}, [2][2]int{{0, 1}, {-1, 0}}, &Addr{"Nice"},
				map[string]int{"a": 1}, Role("r"), &n, true,
			}}
		}},
	{name: "more/struct_embedded_nil_pointer", expr: `M{"e":main.Embedded{Base{"k"},nil,0}}`,
		value: func() interface{} { return session{"e": Embedded{Base: Base{"k"}}} }},
	{name: "more/complex64", expr: `M{"c":complex64(1-2i)}`,
		value: func() interface{} { return session{"c": complex64(1 - 2i)} }},
	{name: "more/uintptr_max", expr: `M{"n":uintptr(math.MaxUint64)}`,
		value: func() interface{} { return session{"n": uintptr(math.MaxUint64)} }},
	{name: "more/float32", expr: `M{"f":float32(0.1)}`, notes: "widened to a double",
		value: func() interface{} { return session{"f": float32(0.1)} }},
	{name: "more/float32s", expr: `M{"f":[]float32{0.1,-1.5,0}}`,
		value: func() interface{} { return session{"f": []float32{0.1, -1.5, 0}} }},
	{name: "more/float_negative_zero", expr: `M{"f":math.Copysign(0,-1)}`,
		value: func() interface{} { return session{"f": math.Copysign(0, -1)} }},
	{name: "more/nan_key", expr: `M{math.NaN():"v"}`,
		value: func() interface{} { return session{math.NaN(): "v"} }},
	{name: "more/nan_keys", expr: `M{math.NaN():"v",math.NaN():"v"}`, notes: "two entries: NaN equals nothing",
		value: func() interface{} { return session{math.NaN(): "v", math.NaN(): "v"} }},
	{name: "more/bool_key", expr: `M{true:1}`, value: func() interface{} { return session{true: 1} }},
	{name: "more/struct_key", expr: `M{main.Addr{"Rome"}:1}`,
		value: func() interface{} { return session{Addr{"Rome"}: 1} }},
	{name: "more/array_key", expr: `M{[3]int{1,2,3}:1}`,
		value: func() interface{} { return session{[3]int{1, 2, 3}: 1} }},
	{name: "more/map_of_maps", expr: `M{"m":map[string]map[string]int{"a":{"b":1}}}`,
		value: func() interface{} {
			return session{"m": map[string]map[string]int{"a": {"b": 1}}}
		}},
	{name: "more/map_iface_inside", expr: `M{"m":map[interface{}]interface{}{5:"five"}}`,
		notes: "the session's own type again, inside",
		value: func() interface{} { return session{"m": session{5: "five"}} }},
	{name: "more/strings_map", expr: `M{"m":map[string]string{"a":"b"}}`,
		value: func() interface{} { return session{"m": map[string]string{"a": "b"}} }},
	{name: "more/slice_of_bytes", expr: `M{"b":[][]byte{{1},{}}}`,
		value: func() interface{} { return session{"b": [][]byte{{1}, {}}} }},
	{name: "more/bools", expr: `M{"b":[]bool{true,false}}`,
		value: func() interface{} { return session{"b": []bool{true, false}} }},
	{name: "more/strings_empty", expr: `M{"s":[]string{}}`,
		value: func() interface{} { return session{"s": []string{}} }},
	{name: "more/named_bytes", expr: `M{"b":main.Blob{1,2}}`,
		value: func() interface{} { return session{"b": Blob{1, 2}} }},
	{name: "more/named_strings", expr: `M{"s":main.Labels{"a"}}`,
		value: func() interface{} { return session{"s": Labels{"a"}} }},
	{name: "more/duration", expr: `M{"d":90*time.Second}`,
		value: func() interface{} { return session{"d": 90 * time.Second} }},
	{name: "more/time_nested", expr: `M{"l":[]interface{}{time.Unix(1700000000,5).UTC()}}`,
		value: func() interface{} {
			return session{"l": list{time.Unix(1700000000, 5).UTC()}}
		}},
	{name: "more/marshalers_nested", expr: `M{"l":[]interface{}{main.UUID{…},main.Money{…}}}`,
		value: func() interface{} { return session{"l": list{UUID{15: 9}, Money{-5}}} }},
	{name: "more/string_4000", expr: `M{"s":strings.Repeat("é",2000)}`,
		value: func() interface{} { return session{"s": strings.Repeat("é", 2000)} }},
}

// refusedCases are values that Go itself does not write.
var refusedCases = []gobCase{
	{name: "more/nil_pointer", expr: `M{"p":(*main.Profile)(nil)}`,
		value: func() interface{} { return session{"p": (*Profile)(nil)} }},
	{name: "more/nil_pointer_in_slice", expr: `[]*main.Addr{nil}`,
		value: func() interface{} { return []*Addr{nil} }},
	{name: "more/unregistered", expr: `M{"x":[]main.Addr{}}`,
		value: func() interface{} { return session{"x": []Addr{}} }},
}

func nested(levels int) func() interface{} {
	return func() interface{} {
		value := list{}
		for i := 1; i < levels; i++ {
			value = list{value}
		}
		return session{"n": value}
	}
}

// encodeInOrder encodes again until Go's random order happens to be the wanted one. Encoding each
// entry alone first fixes the numbers of the types.
func encodeInOrder(value interface{}, order []string) ([]byte, error) {
	for _, key := range order {
		if _, err := encodeGob(session{key: value.(session)[key]}); err != nil {
			return nil, err
		}
	}
	for try := 0; try < 1000; try++ {
		data, err := encodeGob(value)
		if err != nil || inOrder(data, order) {
			return data, err
		}
	}
	return nil, fmt.Errorf("never came out in the order %q", order)
}

// inOrder looks for each key as the bytes have it: the name of its type, id, length and letter.
func inOrder(data []byte, order []string) bool {
	for _, key := range order {
		_, after, found := bytes.Cut(data, []byte("string\x0c\x03\x00\x01"+key))
		if !found {
			return false
		}
		data = after
	}
	return true
}
