package eval

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"mslora/dataset"
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

// paperLanguageModel is the one that the paper's ONION asks, by name or by the name of its folder.
const paperLanguageModel = "gpt2"

// FindPaper gives the paper's cell of a result: data set, model, method and attack have the same names there
// ("bert-base-uncased" is the paper's "bert-base"), all training texts were used, and target label, poison ratio
// and which texts are poisoned are the paper's, and so is the language model, if the method's filter asks one. The earliest table that
// has the cell counts. Hyperparameters are for others to compare: see experiment.FindPaper.
func FindPaper(r Result) (PaperCell, bool) {
	var config struct {
		LanguageModel string `json:"language_model"`
	}
	json.Unmarshal(r.Config, &config) // a result without a configuration asked none
	if asked := filepath.Base(config.LanguageModel); config.LanguageModel != "" && asked != paperLanguageModel {
		return PaperCell{}, false
	}
	ratio, err := strconv.ParseFloat(r.Ratio, 64)
	if err != nil || ratio != 0.1 || r.Limit != 0 || r.Target != 1 || r.Setting != dataset.DefaultSetting(r.Attack) {
		return PaperCell{}, false
	}
	model := strings.TrimSuffix(strings.ToLower(r.Model), "-uncased")
	for _, c := range PaperCells {
		if c.Dataset == strings.ToLower(r.Dataset) && c.Model == model && c.Method == r.Method && c.Attack == r.Attack {
			return c, true
		}
	}
	return PaperCell{}, false
}
