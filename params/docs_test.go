package params

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"mslora/internal/pagetable"
)

var update = flag.Bool("update", false, "write the table in docs/hyperparameters.md again")

// The table in the docs is that of the program.
func TestTableOfPage(t *testing.T) {
	pagetable.Check(t, "../docs/hyperparameters.md", "params", *update, func([]string) (string, error) { return markdown(), nil })
}

// markdown is the table as the docs show it.
func markdown() string {
	text := "| flag | in YAML | what it is | values | paper's code, BERT-base | methods with |\n|---|---|---|---|---|---|\n"
	for _, p := range Table {
		text += fmt.Sprintf("| `--%s` | `%s` | %s | %s | %s | %s |\n", p.Flag, p.Name, p.Help, p.Range(), strings.ReplaceAll(Format(p.Default), ",", ", "), List(p.Parts))
	}
	return text
}
