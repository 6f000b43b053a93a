// Command bench drives Go's pgstore for pgstore-bench: each line of standard input is one round,
// answered by one line of JSON. It ends when its standard input closes.
//
//	DATABASE_URL=postgres://… HASH_KEY=<hex> bench ROWS VISITORS BYTES
//	read 64 1000
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

type reply struct {
	Operations int64   `json:"operations"`
	Seconds    float64 `json:"seconds"`
	CPU        int64   `json:"cpu_us"`
	Error      string  `json:"error"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(args []string) error {
	numbers, err := parse(args)
	if err != nil {
		return err
	}
	app, err := newApplication(numbers[0], numbers[1], numbers[2])
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if err := out.Encode(app.round(lines.Text())); err != nil {
			return err
		}
	}
	return lines.Err()
}

func parse(args []string) ([]int, error) {
	if len(args) != 3 {
		return nil, fmt.Errorf("usage: bench ROWS VISITORS BYTES")
	}
	var numbers []int
	for _, arg := range args {
		number, err := strconv.Atoi(arg)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

// round reads a line "work callers milliseconds" and does what it says.
func (app *application) round(line string) reply {
	var work string
	var callers, milliseconds int
	if _, err := fmt.Sscan(line, &work, &callers, &milliseconds); err != nil {
		return reply{Error: err.Error()}
	}
	app.useConnections(callers)
	before, start := cpu(), time.Now()
	operations, err := app.drive(work, callers, start.Add(time.Duration(milliseconds)*time.Millisecond))
	answer := reply{Operations: operations, Seconds: time.Since(start).Seconds(), CPU: cpu() - before}
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

// cpu is the CPU time of this process in microseconds.
func cpu() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
}
