package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// vector has the members that go-vectors.json has, as far as they apply.
type vector struct {
	Name      string            `json:"name"`
	Kind      string            `json:"kind"`
	GoExpr    string            `json:"go_expr"`
	Notes     string            `json:"notes"`
	Keys      map[string]string `json:"keys"`
	Timestamp *int64            `json:"timestamp"`
	Encoded   string            `json:"encoded"`
	Value     description       `json:"value,omitempty"`
	Result    string            `json:"go_result,omitempty"`
	Detail    string            `json:"go_detail,omitempty"`
}

// generate writes all cases, or the one whose name is given. Each is made in a process of its own,
// since gob numbers types in the order in which a process first meets them.
func generate(args []string, out io.Writer) error {
	if len(args) == 1 {
		return generateOne(args[0], out)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	lines := make([]string, len(cases))
	for i, c := range cases {
		command := exec.Command(program, "generate", c.name)
		command.Stderr = os.Stderr
		line, err := command.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		lines[i] = strings.TrimSpace(string(line))
	}
	_, err = fmt.Fprintf(out, "[\n%s\n]\n", strings.Join(lines, ",\n"))
	return err
}

func generateOne(name string, out io.Writer) error {
	for _, c := range cases {
		if c.name == name {
			v, err := c.vector()
			if err != nil {
				return err
			}
			encoder := json.NewEncoder(out)
			encoder.SetEscapeHTML(false)
			return encoder.Encode(v)
		}
	}
	return fmt.Errorf("no case is called %q", name)
}

// vector encodes the case; its value is what Go reads back, or its detail why Go does not write it.
func (c *gobCase) vector() (vector, error) {
	v := vector{Name: c.name, GoExpr: c.expr, Notes: c.notes, Keys: map[string]string{}}
	data, err := encodeInOrder(c.value(), c.order)
	if err != nil {
		v.Kind, v.Result, v.Detail = "gob-encode-error", "ERR", err.Error()
		return v, nil
	}
	value, err := decodeGob(data, "map")
	v.Kind, v.Encoded, v.Value = "gob", hex.EncodeToString(data), describe(value)
	return v, err
}
