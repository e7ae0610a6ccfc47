package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"

	"mslora/internal/pagetable"
	"mslora/suspicion"
)

var update = flag.Bool("update", false, "write the tables of docs/purify.md again")

// Tables of the page are made of committed results: those of poisoned sets ("found"), of clean ones ("alarms"), of
// other rankings ("baselines"), without a signal ("ablation"), and of all how often the search errs ("rates").
func TestResultsOfPage(t *testing.T) {
	tables := map[string]func(folder string) (string, error){"found": foundTable, "alarms": alarmTable, "baselines": baselineTable, "ablation": ablationTable, "rates": ratesTable}
	pagetable.Check(t, "../../../docs/purify.md", "tools/bench/suspicion", *update, func(words []string) (string, error) {
		table, is := tables[words[0]]
		if !is || len(words) != 2 {
			return "", fmt.Errorf("%q is no table", words)
		}
		return table(filepath.Join("../../..", words[1]))
	})
}

// What the program says of its own errors is what was measured.
func TestMeasuredRates(t *testing.T) {
	got, err := ratesOf("../../../docs/results/suspicion/trusted", "../../../docs/results/suspicion/unseen")
	if err != nil || got != suspicion.Measured {
		t.Errorf("measured %+v, package suspicion says %+v: %v", got, suspicion.Measured, err)
	}
}
