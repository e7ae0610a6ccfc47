package params

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table in docs/hyperparameters.md again")

// The table in the docs is that of the program.
func TestDocs(t *testing.T) {
	const path, begin, end = "../docs/hyperparameters.md", "<!-- begin: table -->\n", "<!-- end: table -->\n"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s lacks %q or %q", path, begin, end)
	}
	want := before + begin + markdown() + end + after
	switch {
	case *update:
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	case want != string(data):
		t.Errorf("%s is not what the table says; `go test ./params -update` writes it again", path)
	}
}

// markdown is the table as the docs show it.
func markdown() string {
	text := "| flag | in YAML | what it is | values | paper's code, BERT-base | methods with |\n|---|---|---|---|---|---|\n"
	for _, p := range Table {
		text += fmt.Sprintf("| `--%s` | `%s` | %s | %s | %s | %s |\n", p.Flag, p.Name, p.Help, p.Range(), strings.ReplaceAll(Format(p.Default), ",", ", "), List(p.Parts))
	}
	return text
}
