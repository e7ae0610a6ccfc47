package figure

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"testing"
)

// The tables have the numbers that the cells tell.
func TestTables(t *testing.T) {
	for _, test := range []struct {
		kind  string
		cells []made
		rows  int
		want  map[string]string // of the first row
	}{
		// Points at steps 5, 10, 15 and 20 of 60: done is 5/24 on average, and 1/12 in the first.
		{"fourier-ratios", methods, 6, map[string]string{"method": "vanilla", "seeds": "2", "epoch": "1", "clean_lfr": "0.958333", "backdoor_lfr": "1", "clean_hfr": "0.0625", "backdoor_hfr": "0.000416667"}},
		{"fourier-errors", methods, 24, map[string]string{"method": "vanilla", "step": "5", "epoch": "0.25", "backdoor_low": "0.920833", "clean_low": "0.958333", "backdoor_high": "", "clean_high": "1.15833"}},
		{"training", methods, 9, map[string]string{"method": "vanilla", "loss": "0.7", "auxiliary_loss": "", "mu": "", "dev_accuracy": "69.5", "dev_asr": "33.3333"}},
		{"alignment", methods, 3, map[string]string{"method": "musclelora", "fully_aligned": "80", "gradient_norm": "3"}},
		{"tradeoff", methods, 3, map[string]string{"method": "vanilla", "cacc": "90.9", "asr": "93.8", "floor": "8.9", "paper_cacc": "91.27", "paper_asr": "94.63"}},
		// The paper's cell is that with its learning rate.
		{"sweep", paperSweep, 2, map[string]string{"attack": "badnets", "learning_rate": "2e-05", "cacc": "88", "paper_cacc": "86.54", "paper_asr": "12.94"}},
		{"sweep", ratioSweep, 6, map[string]string{"attack": "badnets", "ratio": "0.01", "cacc": "88", "asr": "10", "paper_cacc": ""}},
	} {
		t.Run(test.kind, func(t *testing.T) {
			table := drawn(t, test.kind, "", test.cells).Table
			var text bytes.Buffer
			if err := table.WriteCSV(&text); err != nil {
				t.Fatal(err)
			}
			records, err := csv.NewReader(&text).ReadAll()
			if err != nil || len(records) != test.rows+1 {
				t.Fatalf("%d lines, error %v, want %d", len(records), err, test.rows+1)
			}
			encoded, err := json.Marshal(table)
			if err != nil {
				t.Fatal(err)
			}
			var objects []map[string]any
			if err := json.Unmarshal(encoded, &objects); err != nil || len(objects) != test.rows {
				t.Fatalf("%d objects, error %v", len(objects), err)
			}
			for i, column := range records[0] {
				want, ok := test.want[column]
				if !ok {
					continue
				}
				if records[1][i] != want {
					t.Errorf("%s is %s, want %s", column, records[1][i], want)
				}
				value := objects[0][column]
				if number, ok := value.(float64); ok {
					value = strconv.FormatFloat(number, 'g', 6, 64)
				}
				if value == nil && want == "" {
					continue
				}
				if value != want {
					t.Errorf("%s is %v in JSON, want %s", column, value, want)
				}
				delete(test.want, column)
			}
		})
	}
}
