package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"testing"

	"mslora/internal/pagetable"
)

var update = flag.Bool("update", false, "write the tables of docs/purify.md again")

// Tables of the page are made of committed results: those of poisoned sets ("found"), of clean ones ("alarms"), of
// other rankings ("baselines"), and without a signal ("ablation").
func TestResultsOfPage(t *testing.T) {
	tables := map[string]func(folder string) (string, error){"found": foundTable, "alarms": alarmTable, "baselines": baselineTable, "ablation": ablationTable}
	pagetable.Check(t, "../../../docs/purify.md", "tools/bench/suspicion", *update, func(words []string) (string, error) {
		table, is := tables[words[0]]
		if !is || len(words) != 2 {
			return "", fmt.Errorf("%q is no table", words)
		}
		return table(filepath.Join("../../..", words[1]))
	})
}
