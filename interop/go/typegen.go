package main

import (
	_ "embed"
	"fmt"
	"io"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The files of every generated program: what describes values, and what runs in it.
var (
	//go:embed describe.go
	describeSource []byte
	//go:embed lines.go
	linesSource []byte
	//go:embed typegen/run.go.txt
	runSource []byte
	//go:embed typegen/base.go.txt
	baseSource []byte
	//go:embed typegen/time.go.txt
	timeSource []byte
)

// typegen writes a Go program with random types to a directory, to be built there.
func typegen(args []string, _ io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: peer typegen SEED COUNT DIRECTORY")
	}
	seed, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	return writeProgram(args[2], map[string][]byte{
		"go.mod":       []byte("module gen.test/app\n\ngo 1.23\n"),
		"describe.go":  describeSource,
		"lines.go":     linesSource,
		"run.go":       runSource,
		"base.go":      baseSource,
		"time/time.go": timeSource,
		"types.go":     []byte(newTypeWriter(seed).program(count)),
	})
}

func writeProgram(dir string, files map[string][]byte) error {
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// typeWriter writes the source of random types. Each may use the base types, those before it and,
// behind a pointer, slice or map, itself.
type typeWriter struct {
	random *rand.Rand
	nth    int
}

func newTypeWriter(seed int64) *typeWriter {
	return &typeWriter{random: rand.New(rand.NewSource(seed))}
}

func (w *typeWriter) program(count int) string {
	var text strings.Builder
	text.WriteString("package main\n\nimport (\n\tstd \"time\"\n\n\t\"gen.test/app/time\"\n)\n\nvar (\n\t_ std.Time\n\t_ time.Time\n)\n\n")
	names := []string{}
	for w.nth = 0; w.nth < count; w.nth++ {
		fmt.Fprintf(&text, "type T%d %s\n\n", w.nth, w.underlying())
		literal := fmt.Sprintf("new(T%d)", w.nth)
		if w.random.Intn(4) > 0 {
			literal = "*" + literal
		}
		names = append(names, literal)
	}
	fmt.Fprintf(&text, "var generated = []interface{}{\n\t%s,\n}\n", strings.Join(names, ",\n\t"))
	return text.String()
}

func (w *typeWriter) pick(choices ...string) string {
	return choices[w.random.Intn(len(choices))]
}

// underlying is mostly a struct: only structs have what gob hides.
func (w *typeWriter) underlying() string {
	switch w.random.Intn(12) {
	case 0:
		return "[]" + w.element(2)
	case 1:
		return "map[" + w.key() + "]" + w.element(2)
	case 2:
		return fmt.Sprintf("[%d]%s", 1+w.random.Intn(3), w.element(2))
	case 3:
		return w.basic()
	}
	return w.structOf(3)
}

func (w *typeWriter) structOf(depth int) string {
	fields := []string{}
	if w.random.Intn(6) == 0 {
		fields = append(fields, w.pick("Base", "*Address"))
	}
	for n := 1 + w.random.Intn(6); n > 0; n-- {
		fields = append(fields, fmt.Sprintf("F%d %s", n, w.field(depth)))
	}
	if w.random.Intn(8) == 0 {
		fields = append(fields, "hidden int", "Notify func()")
	}
	return "struct { " + strings.Join(fields, "; ") + " }"
}

func (w *typeWriter) field(depth int) string {
	switch w.random.Intn(10) {
	case 0:
		return "*" + w.element(depth-1)
	case 1:
		return w.self()
	case 2:
		return w.pick("*", "") + w.pick("Address", "Item", "std.Time") // one type in several fields
	}
	return w.element(depth)
}

// self is the type that is being written, behind what gob allows.
func (w *typeWriter) self() string {
	return fmt.Sprintf(w.pick("*T%d", "[]T%d", "map[string]T%d", "map[string]*T%d", "[]*T%d"), w.nth)
}

// element is a type that any container may have.
func (w *typeWriter) element(depth int) string {
	if depth > 0 {
		switch w.random.Intn(9) {
		case 0, 1:
			return "[]" + w.element(depth-1)
		case 2:
			return "map[" + w.key() + "]" + w.element(depth-1)
		case 3:
			return fmt.Sprintf("[%d]%s", 1+w.random.Intn(3), w.element(depth-1))
		case 4:
			return w.structOf(depth - 1)
		}
	}
	switch w.random.Intn(10) {
	case 0:
		return "interface{}"
	case 1:
		return "Shape"
	case 2, 3:
		return w.pick("Address", "Item", "Base", "time.Time", "time.Duration")
	case 4:
		return w.pick("UUID", "Money", "Stamp", "std.Time", "std.Time", "std.Duration")
	case 5:
		if w.nth > 0 {
			return fmt.Sprintf("T%d", w.random.Intn(w.nth))
		}
	}
	return w.basic()
}

func (w *typeWriter) basic() string {
	return w.pick("bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16",
		"uint32", "uint64", "float32", "float64", "complex64", "complex128", "string", "string",
		"string", "[]byte", "Level", "Role", "Perm", "[]Perm", "[4]byte")
}

func (w *typeWriter) key() string {
	return w.pick("string", "string", "int", "int8", "uint16", "bool", "Role", "Level", "float64",
		"interface{}", "[2]int8", "Item")
}
