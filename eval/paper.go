package eval

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
)

//go:embed paper.csv
var paperCSV []byte

// PaperCell is one cell of the paper's tables 1 to 4 and 7 to 9, in percent.
type PaperCell struct {
	Table                          int
	Dataset, Model, Method, Attack string
	CACC, ASR                      float64
}

// PaperCells are all cells of the paper's result tables, in the order of the tables.
var PaperCells = mustParsePaper(paperCSV)

func mustParsePaper(data []byte) []PaperCell {
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		panic(err)
	}
	var cells []PaperCell
	for i, r := range records[1:] {
		table, err1 := strconv.Atoi(r[0])
		cacc, err2 := strconv.ParseFloat(r[5], 64)
		asr, err3 := strconv.ParseFloat(r[6], 64)
		if err1 != nil || err2 != nil || err3 != nil {
			panic(fmt.Sprintf("paper.csv: line %d: %v", i+2, r))
		}
		cells = append(cells, PaperCell{table, r[1], r[2], r[3], r[4], cacc, asr})
	}
	return cells
}

// FindPaper gives the paper's cell for a row; the earliest table that has it counts.
func FindPaper(dataset, model, method, attack string) (PaperCell, bool) {
	for _, c := range PaperCells {
		if c.Dataset == dataset && c.Model == model && c.Method == method && c.Attack == attack {
			return c, true
		}
	}
	return PaperCell{}, false
}
