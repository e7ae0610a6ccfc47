package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// makers are the beginnings of comments between which a test, or a target of the Makefile, writes what stands there.
var makers = []string{"mslora table ", "mslora figure ", "params table", "presets ", "suspicion ", "tools/bench/tables ", "tools/bench/suspicion ", "the table: make clients-table"}

// typed are rows of tables that may have such numbers, by page, each told by how it begins.
var typed = map[string][]string{
	"data.md":  {"| poison ratio |", "| `label` |"},                                    // a default, and how numbers are written
	"demo.md":  {"| pinned ONNX Runtime"},                                              // versions
	"train.md": {"| tokens are unknown", "| pieces of a character", "| texts are cut"}, // bounds of the program, which a test of package experiment compares
}

var (
	between = regexp.MustCompile(`(?s)<!-- ([^\n]+?) -->\n.*?<!-- end[^\n]*-->`)
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	code    = regexp.MustCompile("`[^`]*`")
	decimal = regexp.MustCompile(`[0-9]\.[0-9]|[0-9] ?%|±`)
)

// Tables with measured numbers are made of committed results: one that was typed would say what was true once. Decimals and percentages tell
// measurements from settings.
func TestMeasuredTablesOfPages(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(pages, "../../README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page := filepath.Base(path)
		for _, comment := range between.FindAllSubmatch(text, -1) {
			if !slices.ContainsFunc(makers, func(maker string) bool { return strings.HasPrefix(string(comment[1]), maker) }) {
				t.Errorf("%s: no test makes what stands below <!-- %s -->", page, comment[1])
			}
		}
		for _, row := range typedRows(string(text)) {
			if !slices.ContainsFunc(typed[page], func(begin string) bool { return strings.HasPrefix(row, begin) }) {
				t.Errorf("%s: a number is typed by hand: %s", page, row)
			}
		}
	}
}

// typedRows are the rows of tables that nothing makes and that have such numbers, below their headers and outside of code.
func typedRows(page string) (rows []string) {
	lines := strings.Split(fenced.ReplaceAllString(between.ReplaceAllString(page, ""), ""), "\n")
	for i, line := range lines {
		header := i+1 < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+1]), "|--")
		if strings.HasPrefix(strings.TrimSpace(line), "|") && !header && decimal.MatchString(code.ReplaceAllString(line, "")) {
			rows = append(rows, line)
		}
	}
	return rows
}

func TestTypedRows(t *testing.T) {
	page := "| a | 1.5 |\n|---|---|\n   | b | 2.5 |\n| c | `0.1` |\n| d | 100 |\n| e | 3 % |\n\n<!-- presets values -->\n| f | 4.5 |\n<!-- end -->\n```\n| g | 5.5 |\n```\n| h | 1 ± 2 |\n"
	if got := typedRows(page); !slices.Equal(got, []string{"   | b | 2.5 |", "| e | 3 % |", "| h | 1 ± 2 |"}) {
		t.Errorf("%q", got)
	}
}
