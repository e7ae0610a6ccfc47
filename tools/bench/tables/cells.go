package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"mslora/eval"
	"mslora/internal/pagetable"
	"mslora/params"
)

// learning is a table of finished cells: settings that hyperparameters were chosen among, and the accuracy on dev after each epoch.
func learning(folder string) (string, error) {
	results, _, err := eval.ReadResults(folder)
	if err != nil {
		return "", err
	}
	names := []string{params.LearningRate, params.Scales, params.ScaleAlpha, params.Align}
	var lines []string
	for _, r := range results {
		values := params.Values{}
		if err := yaml.Unmarshal(r.Config, &values); err != nil {
			return "", fmt.Errorf("%s: %w", r.Path, err)
		}
		accuracies, err := accuracies(filepath.Join(filepath.Dir(r.Path), "metrics.jsonl"))
		if err != nil {
			return "", err
		}
		line := "|"
		for _, name := range names {
			line += " " + strings.ReplaceAll(params.Format(values[name]), ",", ", ") + " |"
		}
		lines = append(lines, line+" "+strings.Join(accuracies, ", ")+" |\n")
	}
	slices.Sort(lines)
	return "| learning rate | S | its alpha | aligned | accuracy on dev after each epoch, % |\n|---|---|---|---|---|\n" + strings.Join(lines, ""), nil
}

// accuracies reads those of metrics.jsonl, a line for each epoch.
func accuracies(path string) (all []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var epoch struct {
			Dev float64 `json:"dev_accuracy"`
		}
		if err := json.Unmarshal(lines.Bytes(), &epoch); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, fmt.Sprintf("%.2f", epoch.Dev))
	}
	return all, nil
}

// ranking is the table of an audit.json that was scored.
func ranking(path string) (string, error) {
	record, err := pagetable.ReadFile[struct {
		Scores struct {
			Rankings []struct {
				Ranking          string
				AUROC, Precision float64
			}
		}
	}](path)
	if err != nil {
		return "", err
	}
	out := "| ranking | AUROC | precision at the true number |\n|---|--:|--:|\n"
	for _, r := range record.Scores.Rankings {
		out += fmt.Sprintf("| %s | %.4f | %.4f |\n", r.Ranking, r.AUROC, r.Precision)
	}
	return out, nil
}
