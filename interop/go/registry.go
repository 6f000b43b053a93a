package main

import (
	"encoding/gob"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// applicationTypes are registered under the names that gob.Register would choose in a program
// whose package is main. They are spelled out because under `go test` the import path of this
// package is not "main".
//
// One type has one name: gob panics when a type is registered both as main.User and *main.User.
var applicationTypes = map[string]interface{}{
	"main.User":     User{},
	"main.Flash":    Flash{},
	"main.Role":     Role(""),
	"main.Level":    Level(0),
	"main.Settings": Settings{},
	"main.Addr":     Addr{},
	"main.Base":     Base{},
	"main.Embedded": Embedded{},
	"main.Node":     Node{},
	"main.Complex":  Complex{},
	"main.UUID":     UUID{},
	"main.Money":    Money{},
	"main.Color":    Color{},
	"*main.Profile": &Profile{},
	"main.Corners":  Corners{},
	"main.Blob":     Blob{},
	"main.Labels":   Labels{},

	"github.com/acme/app/models.Account": Account{},
}

// registeredTypes are the types without a name of their own that gob does not know by itself.
var registeredTypes = []interface{}{
	time.Time{}, time.Duration(0),
	map[string]interface{}{}, map[string]string{}, map[string]int{}, map[string]bool{},
	map[int]string{}, map[string][]string{}, map[string]map[string]int{},
	map[interface{}]interface{}{},
	[]time.Time{}, []Flash{}, []User{}, []map[string]interface{}{}, [][]string{}, [][]byte{},
	[3]int{}, [4]byte{},
}

// basicTypes are registered by gob itself, the last by gorilla/sessions.
var basicTypes = []interface{}{
	false, int(0), int8(0), int16(0), int32(0), int64(0),
	uint(0), uint8(0), uint16(0), uint32(0), uint64(0), uintptr(0),
	float32(0), float64(0), complex64(0), complex128(0), "", []byte(nil),
	[]int(nil), []string(nil), []bool(nil), []float32(nil), []float64(nil), []int64(nil),
}

// namedTypes finds a type by the name that a description gives in "t".
var namedTypes = map[string]reflect.Type{
	"interface {}": reflect.TypeOf((*interface{})(nil)).Elem(),
}

// registerAll is called once the files of the application have added their types.
func registerAll() {
	for name, value := range applicationTypes {
		gob.RegisterName(name, value)
		remember(value)
	}
	for _, value := range registeredTypes {
		gob.Register(value)
		remember(value)
	}
	for _, value := range basicTypes {
		remember(value)
	}
}

func remember(value interface{}) {
	t := reflect.TypeOf(value)
	namedTypes[t.String()] = t
	if t.Kind() == reflect.Pointer {
		namedTypes[t.Elem().String()] = t.Elem()
	}
}

// typeNamed resolves a name such as "main.User", "[]uint16", "[3]int16" or "map[string][]string".
func typeNamed(name string) (reflect.Type, error) {
	if t, ok := namedTypes[name]; ok {
		return t, nil
	}
	if rest, ok := strings.CutPrefix(name, "*"); ok {
		return composed(rest, reflect.PointerTo)
	}
	if rest, ok := strings.CutPrefix(name, "[]"); ok {
		return composed(rest, reflect.SliceOf)
	}
	if rest, ok := strings.CutPrefix(name, "map["); ok {
		return mapNamed(rest)
	}
	if rest, ok := strings.CutPrefix(name, "["); ok {
		return arrayNamed(rest)
	}
	return nil, fmt.Errorf("no type is called %q", name)
}

func composed(element string, wrap func(reflect.Type) reflect.Type) (reflect.Type, error) {
	t, err := typeNamed(element)
	if err != nil {
		return nil, err
	}
	return wrap(t), nil
}

func mapNamed(rest string) (reflect.Type, error) {
	key, element, ok := cutBracket(rest)
	if !ok {
		return nil, fmt.Errorf("no type is called %q", "map["+rest)
	}
	keyType, err := typeNamed(key)
	if err != nil {
		return nil, err
	}
	if !keyType.Comparable() {
		return nil, fmt.Errorf("%s cannot be the key of a map", keyType)
	}
	return composed(element, func(t reflect.Type) reflect.Type { return reflect.MapOf(keyType, t) })
}

func arrayNamed(rest string) (reflect.Type, error) {
	count, element, _ := cutBracket(rest)
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("no type is called %q", "["+rest)
	}
	return composed(element, func(t reflect.Type) reflect.Type { return reflect.ArrayOf(n, t) })
}

// cutBracket splits at the "]" that closes a bracket opened before s.
func cutBracket(s string) (inside, after string, ok bool) {
	depth := 1
	for i, c := range s {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth == 0 {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}
