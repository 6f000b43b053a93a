// Checks a dashboard against Grafana's own schema, strictly: every required field is there, every field
// is known and has the right type, in the options of each panel, too.
//
//	go run . ../../crates/pgstore/docs/grafana/pgstore.json
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: dashboard FILE")
		os.Exit(2)
	}
	panels, err := check(os.Args[1])
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
	fmt.Printf("%s: %d panels, all as Grafana wants them\n", os.Args[1], panels)
}

func check(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	plugins.RegisterDefaultPlugins() // they know the options of each kind of panel
	var board dashboard.Dashboard
	if err := found(board.UnmarshalJSONStrict(text)); err != nil {
		return 0, err
	}
	if err := found(board.Validate()); err != nil {
		return 0, err
	}
	return len(board.Panels), checkFields(text)
}

// checkFields checks what the SDK reads leniently within a panel.
func checkFields(text []byte) error {
	var board struct {
		Panels []struct {
			Title       string
			FieldConfig json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		return err
	}
	for _, panel := range board.Panels {
		if panel.FieldConfig == nil {
			continue // a row
		}
		var config dashboard.FieldConfigSource
		if err := found(config.UnmarshalJSONStrict(panel.FieldConfig)); err != nil {
			return fmt.Errorf("panel %q: %w", panel.Title, err)
		}
	}
	return nil
}

// found returns nil for an error that is an empty list: the SDK returns such lists when all is well.
func found(err error) error {
	if err == nil || err.Error() == "" {
		return nil
	}
	return errors.New(err.Error())
}
