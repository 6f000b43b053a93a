package main

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// parse turns a description back into the Go value that it describes.
func parse(text json.RawMessage) (interface{}, error) {
	var d parsed
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	if d.Type == "nil" {
		return nil, nil
	}
	t, err := typeNamed(d.Type)
	if err != nil {
		return nil, err
	}
	v := reflect.New(t).Elem()
	if err := d.fill(v); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Type, err)
	}
	return v.Interface(), nil
}

// parsed has every member that a description may have.
type parsed struct {
	Type    string                `json:"t"`
	V       json.RawMessage       `json:"v"`
	Hex     *string               `json:"hex"`
	Bits    *string               `json:"bits64_hex"`
	Gob     *string               `json:"gob_encoder_hex"`
	Binary  *string               `json:"binary_marshaler_hex"`
	Ptr     json.RawMessage       `json:"ptr"`
	Fields  [][2]json.RawMessage  `json:"fields"`
	Entries *[][2]json.RawMessage `json:"entries"`
}

// fill sets v, a settable value of the type that d names.
func (d *parsed) fill(v reflect.Value) error {
	if done, err := d.fillMarshaler(v); done || err != nil {
		return err
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fillFrom(d.Ptr, v.Elem())
	case reflect.Struct:
		return d.fillFields(v)
	case reflect.Map:
		return d.fillEntries(v)
	case reflect.Slice, reflect.Array:
		return d.fillList(v)
	}
	return d.fillScalar(v)
}

// fillFrom sets v from the description of a value that can be assigned to it.
func fillFrom(text json.RawMessage, v reflect.Value) error {
	value, err := parse(text)
	if err != nil || value == nil {
		return err // nil is the zero value already
	}
	if !reflect.TypeOf(value).AssignableTo(v.Type()) {
		return fmt.Errorf("%T is not assignable to %s", value, v.Type())
	}
	v.Set(reflect.ValueOf(value))
	return nil
}

func (d *parsed) fillMarshaler(v reflect.Value) (bool, error) {
	switch target := v.Addr().Interface().(type) {
	case *time.Time:
		var err error
		*target, err = parseTime(d.V)
		return true, err
	case gob.GobDecoder:
		return true, unmarshal(d.Gob, target.GobDecode)
	case encoding.BinaryUnmarshaler:
		return true, unmarshal(d.Binary, target.UnmarshalBinary)
	}
	return false, nil
}

func unmarshal(text *string, set func([]byte) error) error {
	if text == nil {
		return errors.New("its bytes are missing")
	}
	data, err := hex.DecodeString(*text)
	if err != nil {
		return err
	}
	return set(data)
}

func parseTime(text json.RawMessage) (time.Time, error) {
	var t struct {
		Unix   int64 `json:"unix"`
		Nsec   int64 `json:"nsec"`
		Offset int   `json:"offset"`
		UTC    bool  `json:"utc"`
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return time.Time{}, err
	}
	if t.UTC {
		return time.Unix(t.Unix, t.Nsec).UTC(), nil
	}
	return time.Unix(t.Unix, t.Nsec).In(time.FixedZone("", t.Offset)), nil
}

func (d *parsed) fillFields(v reflect.Value) error {
	for _, pair := range d.Fields {
		var name string
		if err := json.Unmarshal(pair[0], &name); err != nil {
			return err
		}
		field := v.FieldByName(name)
		if !field.IsValid() {
			return fmt.Errorf("no field is called %s", name)
		}
		if err := fillFrom(pair[1], field); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (d *parsed) fillEntries(v reflect.Value) error {
	if d.Entries == nil {
		return errors.New("its entries are missing")
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, pair := range *d.Entries {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := fillFrom(pair[0], key); err != nil {
			return err
		}
		if err := fillFrom(pair[1], value); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

func (d *parsed) fillList(v reflect.Value) error {
	if d.Hex != nil {
		data, err := hex.DecodeString(*d.Hex)
		if err != nil {
			return err
		}
		v.SetBytes(data)
		return nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(d.V, &elements); err != nil {
		return err
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(elements), len(elements)))
	}
	if v.Len() != len(elements) {
		return fmt.Errorf("%d elements for a %s", len(elements), v.Type())
	}
	for i, element := range elements {
		if err := fillFrom(element, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *parsed) fillScalar(v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Bool || v.Kind() == reflect.String:
		return json.Unmarshal(d.V, v.Addr().Interface())
	case v.CanComplex():
		return d.fillComplex(v)
	case v.CanFloat() && d.Bits != nil:
		bits, err := strconv.ParseUint(*d.Bits, 16, 64)
		v.SetFloat(math.Float64frombits(bits))
		return err
	}
	// A number is text, and may be given as a number.
	text := string(bytes.Trim(d.V, `"`))
	return setNumber(v, text)
}

func setNumber(v reflect.Value, text string) error {
	size := v.Type().Bits()
	switch {
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, size)
		v.SetInt(n)
		return err
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, size)
		v.SetUint(n)
		return err
	case v.CanFloat():
		n, err := strconv.ParseFloat(text, size)
		v.SetFloat(n)
		return err
	}
	return errors.New("a description cannot name this")
}

func (d *parsed) fillComplex(v reflect.Value) error {
	var parts [2]string
	if err := json.Unmarshal(d.V, &parts); err != nil {
		return err
	}
	re, err := strconv.ParseFloat(parts[0], 64)
	if err != nil {
		return err
	}
	im, err := strconv.ParseFloat(parts[1], 64)
	v.SetComplex(complex(re, im))
	return err
}
