package main

import (
	"errors"
	"time"
)

// The third group is what Rust values are laid over: each type has what gob hides from the stream.

// Trashed has a time in every place where gob names the type of its definition in another way.
type Trashed struct {
	ID        int64
	DeletedAt *time.Time
	Seen      map[string]time.Time
	Slots     [2]time.Time
	Plain     time.Time
}

// Place is one type in several fields, and contains itself.
type Place struct {
	Street, City string
	Tags         []string
	Near         *Place
}

type Homes struct {
	Home   Place
	Work   Place
	Second *Place
	Others []Place
	ByName map[string]Place
}

// Item has a field that Rust does not know.
type Item struct {
	ID     int
	Secret string
}

type Cart struct {
	Items []Item
	ByDay map[string][]Item
	Pair  [2]Item
	Any   []interface{}
}

// Token is another struct with the fields of Item.
type Token Item

// Small has numbers whose width the stream does not show.
type Small struct {
	Count int8
	Size  uint16
	Ratio float32
	Times []int16
	Level Level
}

// Shape is an interface with methods.
type Shape interface{ Area() float64 }

type Square struct{ Side float64 }

func (s Square) Area() float64 { return s.Side * s.Side }

type Drawing struct {
	Main Shape
	All  []Shape
}

// Even takes an even number of bytes.
type Even struct{ data []byte }

func (e Even) GobEncode() ([]byte, error) { return append([]byte("ok"), e.data...), nil }

func (e *Even) GobDecode(data []byte) error {
	if len(data) < 2 || len(data)%2 != 0 || string(data[:2]) != "ok" {
		return errors.New("these are not the bytes of an Even")
	}
	e.data = append([]byte(nil), data[2:]...)
	return nil
}

type Sealed struct {
	Name string
	Box  Even
}

// Perm is a byte with a name: slices of it are bytes in the stream.
type Perm uint8

type Perms struct {
	All  []Perm
	By   map[string][]Perm
	Deep [][]Perm
}

// Grid has an array of maps, whose elements gob always sends.
type Grid struct {
	ID   int
	Maps [2]map[string]int
}

type Grids struct{ All []Grid }

// nilMaps is how many maps of the grids are nil.
func (g Grids) nilMaps() (n int) {
	for _, grid := range g.All {
		for _, m := range grid.Maps {
			if m == nil {
				n++
			}
		}
	}
	return n
}

// misnamed is registered under the text of another type.
type misnamed struct{ A, B int }

func init() {
	for name, value := range map[string]interface{}{
		"[4]string":    misnamed{},
		"main.Grid":    Grid{},
		"main.Grids":   Grids{},
		"main.Perms":   Perms{},
		"[]main.Perm":  []Perm{},
		"main.Trashed": Trashed{},
		"main.Place":   Place{},
		"main.Homes":   Homes{},
		"main.Item":    Item{},
		"main.Token":   Token{},
		"main.Cart":    Cart{},
		"main.Small":   Small{},
		"main.Square":  Square{},
		"main.Drawing": Drawing{},
		"main.Even":    Even{},
		"main.Sealed":  Sealed{},
		"[]main.Shape": []Shape{},
	} {
		applicationTypes[name] = value
	}
	registerAll()
}
