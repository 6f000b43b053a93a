package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

func TestTheCommittedVectorsAreWhatGenerateWrites(t *testing.T) {
	command := exec.Command(os.Args[0], "generate")
	command.Env = append(os.Environ(), asPeer+"=1")
	command.Stderr = os.Stderr
	generated, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile(vectorFolder + "more-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(generated, committed) {
		t.Error("more-vectors.json is not what `go run . generate` writes")
	}
}
