package experiment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"mslora/fourier"
	"mslora/internal/hint"
	"mslora/internal/regular"
)

// fourierFile is what fourierHook leaves in a cell's folder: JSON lines, a FourierSetting and then a FourierPoint each.
const fourierFile = "fourier.jsonl"

// FourierSetting is the first line of fourier.jsonl: what the points after it are of.
type FourierSetting struct {
	Step       int          `json:"step"` // 0
	Kernel     string       `json:"kernel"`
	Embeddings string       `json:"embeddings"`
	Widths     []float64    `json:"widths"` // delta of each filter
	Steps      int          `json:"steps"`  // of the whole run
	Epochs     int          `json:"epochs"`
	Clean      FourierTexts `json:"clean"`
	Backdoor   FourierTexts `json:"backdoor"`
}

// FourierTexts counts the texts of a mapping.
type FourierTexts struct {
	Texts int `json:"texts"` // that were looked at
	Of    int `json:"of"`    // that there are
}

func (t FourierTexts) String() string {
	if t.Texts == t.Of {
		return fmt.Sprintf("all %d", t.Of)
	}
	return fmt.Sprintf("%d of %d", t.Texts, t.Of)
}

// FourierPoint is a further line of fourier.jsonl: both mappings after a step.
type FourierPoint struct {
	Step     int             `json:"step"`
	Epoch    int             `json:"epoch"` // from 1
	ASR      Rounded         `json:"asr"`   // percent of the backdoor mapping's texts that are classified as the target label
	Clean    FourierMeasures `json:"clean"`
	Backdoor FourierMeasures `json:"backdoor"`
}

// FourierMeasures are fourier.Measure of each width.
type FourierMeasures struct {
	LFR       []Rounded `json:"lfr"`
	HFR       []Rounded `json:"hfr"`
	LowError  []Rounded `json:"low_error"`
	HighError []Rounded `json:"high_error"`
}

// Rounded is a number that JSON has with six digits, and as null if it is infinite.
type Rounded float64

// MarshalJSON writes the number.
func (r Rounded) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(r), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(r), 'g', 6, 64), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Rounded) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*r = Rounded(math.Inf(1))
		return nil
	}
	return json.Unmarshal(data, (*float64)(r))
}

func measuresOf(all []fourier.Measure) FourierMeasures {
	var m FourierMeasures
	for _, one := range all {
		m.LFR, m.HFR = append(m.LFR, Rounded(one.LFR)), append(m.HFR, Rounded(one.HFR))
		m.LowError, m.HighError = append(m.LowError, Rounded(one.LowError)), append(m.HighError, Rounded(one.HighError))
	}
	return m
}

// longestFourier bounds fourier.jsonl, in bytes; ten epochs of SST-2 take one megabyte.
const longestFourier = 256 << 20

// ReadFourier reads fourier.jsonl of a cell's folder. The error wraps fs.ErrNotExist if the cell was trained without it.
func ReadFourier(folder string) (FourierSetting, []FourierPoint, error) {
	path := filepath.Join(folder, fourierFile)
	data, err := regular.Read(path, longestFourier)
	if err != nil {
		return FourierSetting{}, nil, err
	}
	setting, points, err := parseFourier(data)
	if err != nil {
		return setting, nil, hint.New("train the cell again with --fourier --force", "%s: %w", path, err)
	}
	return setting, points, nil
}

func parseFourier(data []byte) (setting FourierSetting, points []FourierPoint, err error) {
	lines := bytes.Split(data, []byte("\n"))
	lines = lines[:len(lines)-1] // a line without its end is one that a killed program left
	if len(lines) == 0 {
		return setting, nil, errors.New("no lines")
	}
	if err := strictly(lines[0], &setting); err != nil {
		return setting, nil, fmt.Errorf("line 1: %w", err)
	}
	if len(setting.Widths) == 0 || setting.Steps < 1 || setting.Epochs < 1 {
		return setting, nil, errors.New("line 1: no widths, steps or epochs")
	}
	for i, line := range lines[1:] {
		var point FourierPoint
		if err := strictly(line, &point); err != nil {
			return setting, nil, fmt.Errorf("line %d: %w", i+2, err)
		}
		for _, m := range []FourierMeasures{point.Clean, point.Backdoor} {
			for _, values := range [][]Rounded{m.LFR, m.HFR, m.LowError, m.HighError} {
				if len(values) != len(setting.Widths) {
					return setting, nil, fmt.Errorf("line %d: %d values, expected one for each of the %d widths", i+2, len(values), len(setting.Widths))
				}
			}
		}
		if before := len(points) - 1; point.Step < 1 || point.Step > setting.Steps || point.Epoch < 1 || point.Epoch > setting.Epochs || before >= 0 && point.Step <= points[before].Step {
			return setting, nil, fmt.Errorf("line %d: step %d of epoch %d does not follow the one before, in %d epochs of %d steps", i+2, point.Step, point.Epoch, setting.Epochs, setting.Steps/setting.Epochs)
		}
		points = append(points, point)
	}
	return setting, points, nil
}

// strictly reads one JSON value without unknown keys.
func strictly(line []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
