package experiment

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"mslora/defence"
	"mslora/internal/atomicfile"
	"mslora/internal/hint"
)

// decisionsHeader is the first line of purified.csv. Rows stand in the order of the training texts.
var decisionsHeader = []string{"row", "keep", "why", "label", "weight", "pattern"}

// writeJudgement leaves attacked.json, then purified.csv: where there is one, both are whole.
func writeJudgement(folder string, j defence.Judgement) error {
	attacked, err := json.MarshalIndent(j.Attacked, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.WriteFile(filepath.Join(folder, attackedFile), append(attacked, '\n'), 0o644); err != nil {
		return err
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.Write(decisionsHeader)
	for i, d := range j.Decisions {
		label, weight := "", ""
		if d.Relabelled {
			label = strconv.Itoa(d.Label)
		}
		if d.Weight != 0 {
			weight = strconv.FormatFloat(float64(d.Weight), 'g', -1, 32)
		}
		w.Write([]string{strconv.Itoa(i), strconv.FormatBool(d.Keep), d.Why, label, weight, d.Pattern})
	}
	w.Flush()
	return errors.Join(w.Error(), atomicfile.WriteFile(filepath.Join(folder, PurifiedFile), text.Bytes(), 0o644))
}

// ReadJudgement gives what the purifier of the cell in folder said of so many texts, with labels below classes.
func ReadJudgement(folder string, texts, classes int) (j defence.Judgement, err error) {
	path := filepath.Join(folder, PurifiedFile)
	file, err := os.Open(path)
	if err != nil {
		return j, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	damaged := func(path, format string, values ...any) error {
		return hint.New("remove "+PurifiedFile+" to have the texts purified again", path+": "+format, values...)
	}
	switch {
	case err != nil:
		return j, damaged(path, "%w", err)
	case len(rows) != texts+1:
		return j, damaged(path, "%d decisions, expected %d", max(0, len(rows)-1), texts)
	}
	j.Decisions = make([]defence.Decision, texts)
	for i, row := range rows[1:] {
		if j.Decisions[i], err = parseDecision(i, row, classes); err != nil {
			return j, damaged(path, "line %d: %s", i+2, fmt.Sprint(row))
		}
	}
	path = filepath.Join(folder, attackedFile)
	switch data, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist): // made by a version that judged no labels
	case err != nil:
		return j, err
	default:
		if err := json.Unmarshal(data, &j.Attacked); err != nil {
			return j, damaged(path, "%w", err)
		}
	}
	return j, nil
}

func parseDecision(i int, row []string, classes int) (d defence.Decision, err error) {
	if len(row) == len(decisionsHeader)-1 {
		row = append(row, "") // made by a version that had patterns in why
	}
	if len(row) != len(decisionsHeader) || row[0] != strconv.Itoa(i) {
		return d, errors.New("another row")
	}
	if d.Keep, err = strconv.ParseBool(row[1]); err != nil {
		return d, err
	}
	d.Why, d.Pattern = row[2], row[5]
	if d.Relabelled = row[3] != ""; d.Relabelled {
		if d.Label, err = strconv.Atoi(row[3]); err != nil || d.Label < 0 || d.Label >= classes {
			return d, errors.Join(err, errors.New("another label"))
		}
	}
	if row[4] == "" {
		return d, nil
	}
	weight, err := strconv.ParseFloat(row[4], 32)
	d.Weight = float32(weight)
	return d, err
}
