package main

import (
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"mslora/internal/pagetable"
)

var update = flag.Bool("update", false, "write the tables of pages again")

// Tables of pages are made of committed results: "record FILE" is the table that a tool left, "learning FOLDER" is of finished cells, "ranking
// FILE" of an audit, the others are of training steps.
func TestResultsOfPage(t *testing.T) {
	pagetable.Check(t, "../../../docs/*.md", "tools/bench/tables", *update, func(words []string) (string, error) {
		if len(words) != 2 {
			return "", fmt.Errorf("%q is no table and folder", words)
		}
		path := filepath.Join("../../..", words[1])
		switch words[0] {
		case "record":
			r, err := pagetable.ReadRecord(path)
			return r.Markdown(), err
		case "learning":
			return learning(path)
		case "ranking":
			return ranking(path)
		}
		results, err := pagetable.Read[result](path)
		if err != nil {
			return "", err
		}
		for _, table := range tables {
			if table.name == words[0] {
				return table.of(results), nil
			}
		}
		return "", fmt.Errorf("there is no table %s", words[0])
	})
}

func seconds(s ...float64) side {
	return side{Seconds: s, Median: 1e3 * median(s), Texts: 32 * float64(len(s)) / total(s)}
}

func total(values []float64) (all float64) {
	for _, v := range values {
		all += v
	}
	return all
}

func made(model, method string, sides map[string]side) result {
	return result{Model: model, Method: method, Batch: 32, Threads: 2, Processors: 2, Batches: 2, Sides: sides, Began: pagetable.Moment{Load: []float64{1}}, Ended: pagetable.Moment{Load: []float64{2}}}
}

func of(name string, results ...result) string {
	for _, table := range tables {
		if table.name == name {
			return table.of(results)
		}
	}
	return "no such table"
}

func TestTables(t *testing.T) {
	small := made("minilm", "lora", map[string]side{"mslora": seconds(0.1, 0.3), "float32": seconds(0.2, 0.9), "float32 sorted": seconds(0.2, 0.2)})
	large := made("bert-base", "ga", map[string]side{"mslora": seconds(1, 1), "authors": seconds(3)})
	length := made("minilm", "lora", map[string]side{"mslora": seconds(0.01, 0.01), "float32": seconds(0.02, 0.02), "bfloat16": seconds(0.03, 0.03)})
	length.Tokens, length.Sizes = 16, map[string]int{"tokens": 16}
	longer := length
	longer.Tokens = 128
	call := result{Model: "minilm", Method: "lora", Batch: 32, One: []float64{0.5, 0.3, 0.4}, Two: []float64{0.6, 0.7, 0.4}}
	profiled := result{Model: "minilm", Method: "lora", Graph: 120, Kinds: map[string]float64{"products in 8 bits": 70, "attention": 30.5}}
	for name, want := range map[string]string{
		"times": "| model | method | mslora | float32 | float32 sorted | authors |\n|---|---|--:|--:|--:|--:|\n" +
			"| minilm | lora | 200 | 550 | 200 | |\n| bert-base | ga | 1,000 | | | 3,000* |\n\n\\* of fewer steps than the others, as they took too long\n",
		"ratios": "| model | method | float32 | float32 sorted | authors |\n|---|---|--:|--:|--:|\n| minilm | lora | 2.50 | 1.00 | |\n| bert-base | ga | | | 3.00* |\n\n" +
			"\\* of fewer steps than the others, as they took too long\n",
		"starts": "| model | method | mslora | float32 | authors |\n|---|---|--:|--:|--:|\n| minilm | lora | 0.0 | 0.0 | |\n| bert-base | ga | 0.0 | | 0.0 |\n",
		"tokens": "| model | method | tokens a text | mslora, ms | float32, ms | bfloat16, ms | float32, ratio | bfloat16, ratio | mslora, GiB | float32, GiB | bfloat16, GiB |\n" +
			"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n| minilm | lora | 16 | 10.0 | 20.0 | 30.0 | 2.00 | 3.00 | 0.00 | 0.00 | 0.00 |\n" +
			"| minilm | lora | 128 | 10.0 | 20.0 | 30.0 | 2.00 | 3.00 | 0.00 | 0.00 | 0.00 |\n",
		"batch": "",
		"calls": "| model | method | precision | texts | turns | one call, ms | two calls, ms | ratio |\n|---|---|---|--:|--:|--:|--:|--:|\n| minilm | lora | float32 | 64 | 3 | 400 | 600 | 1.50 |\n",
		"operations": "| model | method | products in 8 bits | products in float32 | attention | small operations | others | the graph |\n|---|---|--:|--:|--:|--:|--:|--:|\n" +
			"| minilm | lora | 70.0 | 0.0 | 30.5 | 0.0 | 0.0 | 120 |\n",
	} {
		if got := of(name, large, longer, length, small, call, profiled); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestSettingSaysWhatIsMissing(t *testing.T) {
	r := made("minilm", "lora", map[string]side{"mslora": seconds(1, 1)})
	r.LeftOut = map[string]string{"float32 compiled": "no compiler"}
	if text := of("setting", r); !strings.Contains(text, "Threads of each side: 2; texts of ; load average 1.0 to 1.0") || !strings.Contains(text, "Energy is not in the tables") ||
		!strings.Contains(text, "minilm lora float32 compiled did not start: `no compiler`") {
		t.Error(text)
	}
	r.Sides["mslora"] = side{Seconds: []float64{1, 1}, Joules: 2}
	if text := of("setting", r); !strings.Contains(text, "| minilm | lora | 2.00 |") || strings.Contains(text, "Energy is not") {
		t.Error(text)
	}
}

func TestOrderOfSides(t *testing.T) {
	cells := []result{{Sides: map[string]side{}}}
	want := []string{"mslora", "mslora int8", "float32", "float32 sorted", "float32 compiled", "float32 compiled sorted", "bfloat16", "bfloat16 compiled", "authors"}
	for i := range want {
		cells[0].Sides[want[len(want)-1-i]] = side{}
	}
	if got := sides(cells); strings.Join(got, ",") != strings.Join(want, ",") {
		t.Error(got)
	}
}

func TestRunNeedsAFolderOfResults(t *testing.T) {
	for _, arguments := range [][]string{nil, {"a", "b"}, {t.TempDir()}} {
		if err := run(arguments, &strings.Builder{}); err == nil {
			t.Errorf("%q is taken", arguments)
		}
	}
}

func TestAims(t *testing.T) {
	met := made("smollm2-135m", "musclelora", map[string]side{"mslora int8": seconds(1, 1), "float32": seconds(4, 5), "bfloat16 sorted": seconds(3, 3)})
	missed := made("bert-base", "musclelora", map[string]side{"mslora int8": seconds(1, 1), "float32": seconds(5, 5), "float32 sorted": seconds(2, 3)})
	other := made("bert-base", "lora", map[string]side{"mslora int8": seconds(1, 1), "float32": seconds(5, 5)})
	want := "| model | method | float32 | aim | fastest side | aim |\n|---|---|--:|--:|--:|--:|\n" +
		"| smollm2-135m | musclelora | 4.50 | 4, met | 3.00 (bfloat16 sorted) | |\n| bert-base | musclelora | 5.00 | 5.5, missed | 2.50 (float32 sorted) | 3, missed |\n"
	if got := of("aims", missed, other, met); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
