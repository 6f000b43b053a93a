package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// answer is one line of a batch command's output.
type answer map[string]interface{}

// answerLines answers every line of JSON with one line of JSON, in the same order. A question that
// makes Go panic is answered too.
func answerLines[Q any](in io.Reader, out io.Writer, reply func(Q) (answer, error)) error {
	questions := json.NewDecoder(bufio.NewReader(in))
	answers := bufio.NewWriter(out)
	encoder := json.NewEncoder(answers)
	for {
		var text json.RawMessage
		if err := questions.Decode(&text); err == io.EOF {
			return answers.Flush()
		} else if err != nil {
			return err
		}
		if err := encoder.Encode(answerOne(text, reply)); err != nil {
			return err
		}
	}
}

// answerAtOnce is answerLines for a program that waits for each answer before it asks again.
func answerAtOnce[Q any](in io.Reader, out io.Writer, reply func(Q) (answer, error)) error {
	questions, encoder := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var text json.RawMessage
		if err := questions.Decode(&text); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := encoder.Encode(answerOne(text, reply)); err != nil {
			return err
		}
	}
}

func answerOne[Q any](text json.RawMessage, reply func(Q) (answer, error)) (a answer) {
	var question Q
	var label struct {
		ID interface{} `json:"id"`
	}
	defer func() {
		if cause := recover(); cause != nil {
			a = answer{"ok": false, "panic": true, "error": fmt.Sprint(cause)}
		}
		a["id"] = label.ID
	}()
	if err := json.Unmarshal(text, &label); err != nil {
		return answer{"ok": false, "error": err.Error()}
	}
	if err := json.Unmarshal(text, &question); err != nil {
		return answer{"ok": false, "error": err.Error()}
	}
	a, err := reply(question)
	if err != nil {
		return refusal(err)
	}
	a["ok"] = true
	return a
}
