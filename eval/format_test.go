package eval

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var goldenCases = []struct {
	name    string
	results func() []Result
}{
	{"one-seed", oneSeed},
	{"several-seeds", severalSeeds},
	{"other-data", otherData},
	{"filters", filters},
	{"one-filter", oneFilter},
	{"purifiers", purifiers},
	{"sweep", sweep},
}

func written(t *testing.T, rows []Row, format string, color bool) string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteTable(&out, rows, format, Style{Color: color}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestWriteTable compares every format with testdata/CASE.txt; -update rewrites them.
func TestWriteTable(t *testing.T) {
	for _, test := range goldenCases {
		t.Run(test.name, func(t *testing.T) {
			rows := mustRows(t, test.results(), true)
			var got strings.Builder
			for _, format := range Formats {
				fmt.Fprintf(&got, "-- %s --\n%s", format, written(t, rows, format, false))
			}
			golden := filepath.Join("testdata", test.name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got.String(), want)
			}
		})
	}
}

// A sweep may be wider: nothing limits how many hyperparameters differ.
func TestTextFitsTerminal(t *testing.T) {
	for _, test := range goldenCases {
		if test.name == "sweep" {
			continue
		}
		for i, line := range strings.Split(written(t, mustRows(t, test.results(), true), "text", false), "\n") {
			if n := utf8.RuneCountInString(line); n > 100 {
				t.Errorf("%s: line %d is %d wide", test.name, i+1, n)
			}
		}
	}
}

// Grey takes no room and is nowhere but in text.
func TestTableColor(t *testing.T) {
	rows := mustRows(t, severalSeeds(), true)
	grey := written(t, rows, "text", true)
	if !strings.Contains(grey, "\x1b[90m(87.64)\x1b[0m") {
		t.Error("the paper's number is not grey")
	}
	if strings.NewReplacer("\x1b[90m", "", "\x1b[0m", "").Replace(grey) != written(t, rows, "text", false) {
		t.Errorf("colour moves the columns:\n%s", grey)
	}
	for _, format := range Formats[1:] {
		if strings.Contains(written(t, rows, format, true), "\x1b") {
			t.Errorf("%s has colour", format)
		}
	}
}

func TestTableWithoutPaper(t *testing.T) {
	rows := mustRows(t, oneSeed(), false)
	for _, format := range Formats {
		if text := written(t, rows, format, false); strings.Contains(text, "86.54") || strings.Contains(text, "Paper") {
			t.Errorf("%s has the paper's numbers:\n%s", format, text)
		}
	}
}

// What other programs read has every number.
func TestTableForPrograms(t *testing.T) {
	rows := mustRows(t, severalSeeds(), true)
	records, err := csv.NewReader(strings.NewReader(written(t, rows, "csv", false))).ReadAll()
	if err != nil || len(records) != 1+len(rows) {
		t.Fatalf("%d lines of CSV, %v", len(records), err)
	}
	var again []Row
	if err := json.Unmarshal([]byte(written(t, rows, "json", false)), &again); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if again[i].CACC != r.CACC || *again[i].ASR != *r.ASR || again[i].Floor != r.Floor {
			t.Errorf("%+v became %+v", r, again[i])
		}
		column := func(name string) string {
			for j, header := range records[0] {
				if header == name {
					return records[i+1][j]
				}
			}
			return "no such column"
		}
		if want := fmt.Sprintf("%.4f", r.ASR.Deviation); column("asr_deviation") != want {
			t.Errorf("CSV has %s, want %s", column("asr_deviation"), want)
		}
		if r.Paper != nil && column("paper_asr") != fmt.Sprintf("%.2f", r.Paper.ASR) {
			t.Errorf("CSV has the paper's ASR as %s", column("paper_asr"))
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	err := WriteTable(&bytes.Buffer{}, mustRows(t, oneSeed(), true), "html", Style{})
	if err == nil || err.Error() != `unknown format "html"` {
		t.Errorf("got %v", err)
	}
}
