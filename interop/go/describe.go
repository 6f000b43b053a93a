package main

import (
	"encoding"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"time"
)

// description is a Go value as JSON, exactly as the member "value" of the vectors has it: its
// dynamic type under "t", numbers as text, everything that JSON cannot say as hex.
type description map[string]interface{}

func describe(value interface{}) description {
	return describeValue(reflect.ValueOf(value))
}

func describeValue(v reflect.Value) description {
	if !v.IsValid() || isNil(v) {
		return description{"t": "nil"}
	}
	if v.Kind() == reflect.Interface {
		return describeValue(v.Elem())
	}
	name := v.Type().String()
	if d, ok := describeMarshaler(v, name); ok {
		return d
	}
	switch v.Kind() {
	case reflect.Pointer:
		return description{"t": name, "ptr": describeValue(v.Elem())}
	case reflect.Struct:
		return description{"t": name, "fields": describeFields(v)}
	case reflect.Map:
		return description{"t": name, "entries": describeEntries(v)}
	case reflect.Slice, reflect.Array:
		return describeList(v, name)
	}
	return describeScalar(v, name)
}

// isNil holds for what gob cannot tell from absent. A nil slice or map travels as an empty one.
func isNil(v reflect.Value) bool {
	return (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer) && v.IsNil()
}

// describeMarshaler describes what chooses its own bytes by those bytes.
func describeMarshaler(v reflect.Value, name string) (description, bool) {
	switch m := v.Interface().(type) {
	case time.Time:
		return description{"t": name, "v": describeTime(m)}, true
	case *time.Time:
		return nil, false
	case gob.GobEncoder:
		return describeBytes(name, "gob_encoder_hex", m.GobEncode)
	case encoding.BinaryMarshaler:
		return describeBytes(name, "binary_marshaler_hex", m.MarshalBinary)
	}
	return nil, false
}

func describeBytes(name, member string, marshal func() ([]byte, error)) (description, bool) {
	data, err := marshal()
	if err != nil {
		return description{"t": name, "error": err.Error()}, true
	}
	return description{"t": name, member: hex.EncodeToString(data)}, true
}

func describeTime(t time.Time) map[string]interface{} {
	_, offset := t.Zone()
	return map[string]interface{}{
		"unix":    t.Unix(),
		"nsec":    t.Nanosecond(),
		"offset":  offset,
		"utc":     t.Location() == time.UTC,
		"rfc3339": t.Format(time.RFC3339Nano),
	}
}

// describeFields lists the fields that gob sends, in their order.
func describeFields(v reflect.Value) [][2]interface{} {
	fields := [][2]interface{}{}
	for i := 0; i < v.NumField(); i++ {
		field := v.Type().Field(i)
		if field.IsExported() && field.Type.Kind() != reflect.Func {
			fields = append(fields, [2]interface{}{field.Name, describeValue(v.Field(i))})
		}
	}
	return fields
}

func describeEntries(v reflect.Value) [][2]description {
	entries := [][2]description{}
	for pairs := v.MapRange(); pairs.Next(); {
		entry := [2]description{describeValue(pairs.Key()), describeValue(pairs.Value())}
		entries = append(entries, entry)
	}
	sort.Slice(entries, func(i, j int) bool { return sortText(entries[i]) < sortText(entries[j]) })
	return entries
}

// sortText puts the key first, then the value: NaN keys may repeat.
func sortText(entry [2]description) string {
	text, err := json.Marshal(entry)
	if err != nil {
		panic(err) // a description holds text, numbers and lists of them only
	}
	return string(text)
}

func describeList(v reflect.Value, name string) description {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		return description{"t": name, "hex": hex.EncodeToString(v.Bytes())}
	}
	elements := []description{}
	for i := 0; i < v.Len(); i++ {
		elements = append(elements, describeValue(v.Index(i)))
	}
	return description{"t": name, "v": elements}
}

func describeScalar(v reflect.Value, name string) description {
	switch {
	case v.Kind() == reflect.Bool:
		return description{"t": name, "v": v.Bool()}
	case v.Kind() == reflect.String:
		return description{"t": name, "v": v.String()}
	case v.CanInt():
		return description{"t": name, "v": strconv.FormatInt(v.Int(), 10)}
	case v.CanUint():
		return description{"t": name, "v": strconv.FormatUint(v.Uint(), 10)}
	case v.CanFloat():
		bits := fmt.Sprintf("%016x", math.Float64bits(v.Float()))
		return description{"t": name, "v": floatText(v.Float()), "bits64_hex": bits}
	case v.CanComplex():
		c := v.Complex()
		return description{"t": name, "v": []string{floatText(real(c)), floatText(imag(c))}}
	}
	return description{"t": name, "error": "gob cannot hold this"}
}

func floatText(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
