package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// The application's types. The first group is what the given vectors were made with, so their
// names, fields and the order of the fields are fixed by the bytes in go-vectors.json.

type User struct {
	ID    int64
	Name  string
	Admin bool
	Tags  []string
}

type Flash struct {
	Level, Text string
}

type Role string

type Level int8

type Settings map[string]interface{}

type Addr struct{ City string }

type Base struct{ Kind string }

type Embedded struct {
	Base
	*Addr
	X int
}

type Node struct {
	V    int
	Next *Node
}

type Complex struct {
	ID     uint32
	Ratio  float64
	Raw    []byte
	When   time.Time
	Addr   Addr
	PAddr  *Addr
	Attrs  map[string]int
	Any    interface{}
	Arr    [3]int16
	Empty  string
	Notify func() // gob leaves functions out
	hidden int    // and unexported fields
}

// UUID looks like github.com/google/uuid: a BinaryMarshaler on the wire.
type UUID [16]byte

func (u UUID) MarshalBinary() ([]byte, error) { return u[:], nil }

func (u *UUID) UnmarshalBinary(data []byte) error {
	if len(data) != len(u) {
		return errors.New("a UUID has 16 bytes")
	}
	copy(u[:], data)
	return nil
}

// Money is a GobEncoder on the wire.
type Money struct{ cents int64 }

func (m Money) GobEncode() ([]byte, error) {
	return strconv.AppendInt(nil, m.cents, 10), nil
}

func (m *Money) GobDecode(data []byte) (err error) {
	m.cents, err = strconv.ParseInt(string(data), 10, 64)
	return err
}

// Color has MarshalText only, which gob ignores: a plain struct on the wire.
type Color struct{ R, G, B uint8 }

func (c Color) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "#%02x%02x%02x", c.R, c.G, c.B), nil
}

// The second group is used by more-vectors.json alone.

// Profile is registered by pointer, as many applications do: `*main.Profile` on the wire.
type Profile struct {
	Nick   string
	Friend *Profile
	Home   *Addr
}

// Corners has every kind of field whose zero value gob treats in its own way.
type Corners struct {
	Base
	Zero   Addr // a nested struct is sent even when zero
	Grid   [2][2]int
	Nil    *Addr
	NilMap map[string]int
	Any    interface{}
	Ptr    *int
	Last   bool
}

type Blob []byte

type Labels []string

// Account is registered under an import path, as if it were of a package of the application's. It
// has the fields that web applications keep of a user.
type Account struct {
	ID      int
	Login   string
	Quota   uint64
	Ratio   float32
	Secret  []byte
	Since   time.Time
	TTL     time.Duration
	Roles   []string
	Home    Addr
	Work    *Addr
	Places  []Addr
	Limits  map[string]int
	Groups  map[string][]string
	Visited map[int]string
	Labels  map[string]interface{}
	Extra   interface{}
	List    []interface{}
	GoOnly  string
}
