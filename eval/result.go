package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"mslora/internal/atomicfile"
	"mslora/internal/hint"
	"mslora/params"
	"mslora/suspicion"
)

// Schema is the version of result.json that this program writes. It also reads version 1, of mslora 0.1.0, which does not
// tell the cell and the precision.
const Schema = 2

// Result is what result.json of one cell holds: what was run, what came out, and all that is needed to run
// it again.
type Result struct {
	Path string `json:"-"` // the file it was read from

	Schema int    `json:"schema"`
	Cell   string `json:"cell,omitempty"` // its ID

	Dataset      string `json:"dataset"`
	Attack       string `json:"attack"`
	Target       int    `json:"target"`
	Limit        int    `json:"limit,omitempty"` // training texts used, 0: all
	Setting      string `json:"setting,omitempty"`
	Ratio        string `json:"ratio,omitempty"`
	Model        string `json:"model"`
	Architecture string `json:"architecture"`
	Method       string `json:"method"`
	Seed         uint64 `json:"seed"`
	Precision    string `json:"precision,omitempty"` // of products: float32, int8 for those by frozen weights, tf32 or with float16

	Purified *Purified `json:"purified,omitempty"` // what a purifier did; nil if the method has none

	Scores      Scores  `json:"scores"`       // of the epoch with the best dev accuracy
	LastEpoch   *Scores `json:"last_epoch"`   // of the last epoch; nil if it was not the best one and the training is another cell's
	BestEpoch   int     `json:"best_epoch"`   // from 1
	DevAccuracy float64 `json:"dev_accuracy"` // percent, in the best epoch
	Epochs      int     `json:"epochs"`

	Training  string `json:"training,omitempty"`   // SHA-256 of all that the training depends on, texts by their tokens
	TrainedBy string `json:"trained_by,omitempty"` // ID of the cell that the training was taken over from

	Config    json.RawMessage   `json:"config"`    // every hyperparameter
	Versions  map[string]string `json:"versions"`  // mslora, go, onnxruntime, tokenizers
	Checksums map[string]string `json:"checksums"` // SHA-256 of data, weights, tokenizer and graphs
	Device    string            `json:"device"`
	Threads   int               `json:"threads"`

	Steps        int       `json:"steps"`         // that this program ran; fewer than all after a resume
	TrainSeconds float64   `json:"train_seconds"` // of those steps
	Started      time.Time `json:"started"`
	Finished     time.Time `json:"finished"`
}

// Purified says how many training texts a purifier dropped.
type Purified struct {
	Texts           int `json:"texts"`             // before
	Trusted         int `json:"trusted,omitempty"` // texts that the purifier knew to be clean
	Dropped         int `json:"dropped"`
	Poisoned        int `json:"poisoned"` // of texts, by the flags of the data: 0 where nobody knows them
	DroppedPoisoned int `json:"dropped_poisoned"`
	// Treatment is what was done with the texts that Dropped counts, one of the words of params.Suspected; "": they were dropped.
	Treatment string `json:"treatment,omitempty"`
	// Seconds is the time that choosing took, with a probe's training; 0 if another call of the program had chosen.
	Seconds float64 `json:"seconds,omitempty"`
	// Attacked are the labels that were found to be a target of an attack; nil if the purifier judges texts alone.
	Attacked []suspicion.Finding `json:"attacked"`
}

// falseAlarms gives the clean texts that are taken for poison: test texts by a filter, training texts by a purifier. Of no texts where
// there is neither, or nobody knows which are poisoned.
func (r Result) falseAlarms() Share {
	switch p := r.Purified; {
	case r.Scores.FalseAlarms != nil:
		return *r.Scores.FalseAlarms
	case p != nil && p.Poisoned > 0:
		return Share{p.Dropped - p.DroppedPoisoned, p.Texts - p.Poisoned}
	}
	return Share{}
}

// detected gives the poisoned texts that are taken for it, as falseAlarms the clean ones.
func (r Result) detected() Share {
	switch {
	case r.Scores.Detected != nil:
		return *r.Scores.Detected
	case r.Purified != nil:
		return Share{r.Purified.DroppedPoisoned, r.Purified.Poisoned}
	}
	return Share{}
}

// mostCommon is how many patterns a verdict names.
const mostCommon = 3

// Verdict says in sentences whether the training texts look poisoned; nil if the purifier did not judge. labels are the names of
// the labels, nil: their numbers stand for them. With quotes it names what poisoned texts have in common. Names and quotes come from
// the data and are not escaped.
func (p Purified) Verdict(labels []string, quotes bool) (sentences []string) {
	if p.Attacked == nil {
		return nil
	}
	if len(p.Attacked) == 0 {
		return []string{"No label looks poisoned."}
	}
	for _, f := range p.Attacked {
		name := strconv.Itoa(f.Label)
		if f.Label < len(labels) {
			name = labels[f.Label]
		}
		text := fmt.Sprintf("Label %q looks poisoned: about %d of its %d texts (%d to %d)", name, f.Poisoned, f.Texts, f.Low, f.High)
		if common := f.Says(mostCommon); quotes && len(common) > 0 {
			text += ", which have in common " + strings.Join(common, "; ")
		}
		sentences = append(sentences, strings.TrimSuffix(text+". "+f.Doubtful(p.Trusted), " "))
	}
	return sentences
}

// String says it in words.
func (p Purified) String() string {
	did, known := map[string]string{"": "dropped", params.SuspectedRelabel: "relabelled", params.SuspectedWeigh: "weighed down"}[p.Treatment]
	if !known {
		did = "treated"
	}
	text := fmt.Sprintf("%s %d of %d training texts that look poisoned", did, p.Dropped, p.Texts)
	if p.Poisoned > 0 {
		text += fmt.Sprintf(", among them %d of the %d that are (recall %.1f %%", p.DroppedPoisoned, p.Poisoned, Share{p.DroppedPoisoned, p.Poisoned}.Percent())
		if p.Dropped > 0 {
			text += fmt.Sprintf(", precision %.1f %%", Share{p.DroppedPoisoned, p.Dropped}.Percent())
		}
		text += ")"
	}
	return text
}

// Write replaces path by the result as indented JSON.
func (r Result) Write(path string) error {
	r.Schema = Schema
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, append(data, '\n'), 0o644)
}

// ReadResult reads result.json. Another schema version, an unknown key, a cell without a name or an
// impossible count is an error.
func ReadResult(path string) (Result, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Result{}, err
	}
	r, err := parseResult(data)
	if err != nil {
		return Result{}, &hint.Error{
			Err:  fmt.Errorf("%s: %w", path, err),
			Hint: "remove it to have its cell scored again",
		}
	}
	r.Path = path
	return r, nil
}

func parseResult(data []byte) (Result, error) {
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return Result{}, fmt.Errorf("no result: %w", err)
	}
	if version.Schema < 1 || version.Schema > Schema {
		return Result{}, fmt.Errorf("schema is %d, this program reads 1 to %d", version.Schema, Schema)
	}
	var r Result
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return Result{}, err
	}
	return r, r.check()
}

// check finds what a table could not be made of.
func (r Result) check() error {
	for _, name := range []struct{ key, value string }{
		{"dataset", r.Dataset}, {"attack", r.Attack}, {"model", r.Model}, {"method", r.Method},
	} {
		if name.value == "" {
			return fmt.Errorf("%s is missing", name.key)
		}
	}
	for _, of := range []struct {
		key    string
		scores *Scores
	}{{"scores", &r.Scores}, {"last_epoch", r.LastEpoch}} {
		if of.scores == nil {
			continue
		}
		if err := of.scores.check(); err != nil {
			return fmt.Errorf("%s.%w", of.key, err)
		}
	}
	return nil
}
