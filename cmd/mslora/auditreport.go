package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"mslora/audit"
	"mslora/classifier"
	"mslora/experiment"
	"mslora/internal/filesum"
	"mslora/internal/visible"
)

// mostShown is the number of phrases in the summary.
const mostShown = 10

// auditRecord is audit.json.
type auditRecord struct {
	Schema     int               `json:"schema"` // 1
	Data       string            `json:"data"`
	Texts      int               `json:"texts"`
	Limit      int               `json:"limit,omitempty"` // texts that were drawn from data, 0: all
	Classifier string            `json:"classifier"`
	Vanilla    string            `json:"vanilla"`
	Candidates int               `json:"candidates"` // for each label
	Probes     int               `json:"probes"`
	Seed       uint64            `json:"seed"`
	Precision  string            `json:"precision"` // in which texts were read
	Tested     int               `json:"tested"`    // candidates that there were
	Passes     int               `json:"passes"`    // texts that the two classifiers predicted
	Holders    int               `json:"holders"`   // texts with a possible trigger of their label
	Clean      auditCredit       `json:"clean_classifier"`
	Naive      auditCredit       `json:"vanilla_classifier"`
	Doubts     []string          `json:"doubts"` // why the ranking rests on less than it could
	Possible   []auditPhrase     `json:"possible_triggers"`
	Scores     *auditScores      `json:"scores,omitempty"`
	Versions   map[string]string `json:"versions"`
	Checksums  map[string]string `json:"checksums"` // SHA-256
}

// auditCredit tells how well a classifier does on the texts with the labels that they have.
type auditCredit struct {
	Accuracy float64 `json:"accuracy"` // share, from 0 to 1
	Labels   int     `json:"labels"`   // different ones that it gives
}

type auditPhrase struct {
	Phrase       string  `json:"phrase"`
	Label        string  `json:"label"`
	Strength     float64 `json:"strength"`
	Texts        int     `json:"texts"`
	VanillaFlips float64 `json:"vanilla_flips"`
	CleanFlips   float64 `json:"clean_flips"`
}

// auditScores tell how well rankings find the texts that --score-column calls poisoned.
type auditScores struct {
	Poisoned int           `json:"poisoned"`
	Rankings []auditRanked `json:"rankings"`
}

type auditRanked struct {
	Ranking string `json:"ranking"`
	audit.Detection
}

func (o auditOptions) record(texts []audit.Text, labels []string, result audit.Result, sum string) (auditRecord, error) {
	r := auditRecord{
		Schema: 1, Data: filepath.Base(o.Data), Texts: len(texts), Limit: o.Limit, Classifier: o.Folder, Vanilla: o.Vanilla,
		Candidates: o.Audit.Candidates, Probes: o.Audit.Probes, Seed: o.Audit.Seed, Precision: o.Precision, Tested: len(result.Triggers), Passes: result.Passes, Holders: result.Holders(),
		Clean: auditCredit{result.Clean.Accuracy, result.Clean.Labels}, Naive: auditCredit{result.Vanilla.Accuracy, result.Vanilla.Labels},
		Doubts: append([]string{}, result.Doubts(labels)...), Possible: []auditPhrase{}, Versions: experiment.Versions(), Checksums: map[string]string{"data": sum},
	}
	for name, folder := range map[string]string{"classifier": o.Folder, "vanilla": o.Vanilla} {
		sum, err := filesum.Of(filepath.Join(folder, classifier.WeightsFile))
		if err != nil {
			return r, err
		}
		r.Checksums[name+"/"+classifier.WeightsFile] = sum
	}
	for _, t := range result.Possible() {
		r.Possible = append(r.Possible, auditPhrase{t.String(), labels[t.Class], t.Strength, t.Texts, t.VanillaFlips, t.CleanFlips})
	}
	return r, nil
}

// score compares the audit's ranking, its parts and two baselines with the flags of the data.
func score(ctx context.Context, texts []audit.Text, classes int, result audit.Result, vanilla *classifier.Classifier) (*auditScores, error) {
	plain, labels := make([]string, len(texts)), make([]int, len(texts))
	for i, t := range texts {
		plain[i], labels[i] = t.Text, t.Label
	}
	vectors, err := vanilla.Vectors(ctx, plain)
	if err != nil {
		return nil, err
	}
	signatures := audit.SpectralSignatures(vectors, labels, classes)
	scores := &auditScores{}
	poisoned := make([]bool, len(texts))
	for i, s := range result.Suspects {
		if poisoned[i] = s.Poisoned; s.Poisoned {
			scores.Poisoned++
		}
	}
	for _, ranking := range []struct {
		name  string
		value func(audit.Suspect) float64
	}{
		{"suspicion", func(s audit.Suspect) float64 { return s.Suspicion }},
		{"disagreement alone", func(s audit.Suspect) float64 { return s.Disagreement }},
		{"phrases alone", audit.Suspect.Phrases},
		{"over-representation alone", func(s audit.Suspect) float64 { return s.Over }},
		{"baseline: low loss of the vanilla model", func(s audit.Suspect) float64 { return -s.Loss }},
		{"baseline: spectral signatures", func(s audit.Suspect) float64 { return signatures[s.Index] }},
	} {
		values := make([]float64, len(result.Suspects))
		for i, s := range result.Suspects {
			values[i] = ranking.value(s)
		}
		scores.Rankings = append(scores.Rankings, auditRanked{ranking.name, audit.Detect(values, poisoned)})
	}
	return scores, nil
}

// write leaves the files, audit.json last.
func (o auditOptions) write(result audit.Result, labels []string, record auditRecord) error {
	ordered := make([]audit.Suspect, len(result.Suspects)) // as in the data
	for _, s := range result.Suspects {
		ordered[s.Index] = s
	}
	return o.leave(
		written{triggersFile, func(out io.Writer) error { return result.WriteTriggers(out, labels, o.Excel) }},
		written{suspectsFile, func(out io.Writer) error { return result.WriteSuspects(out, labels, o.Excel) }},
		written{leftFile, func(out io.Writer) error {
			return writeLeft(out, len(ordered), func(i int) (text, label string, suspected bool) {
				return ordered[i].Text.Text, labels[ordered[i].Label], ordered[i].Suspected()
			})
		}},
		written{reportFile, o.comparisonPage(result, record, labels).Write},
		indented(auditFile, record))
}

func (o auditOptions) summarize(r auditRecord) error {
	warn(o.Stderr, r.Doubts...)
	switch {
	case o.JSON:
		return writeJSON(o.Stdout, r)
	case o.Quiet:
		return nil
	}
	fmt.Fprintf(o.Stdout, "%d texts, %d words and phrases tested, %d predictions\n", r.Texts, r.Tested, r.Passes)
	if len(r.Possible) == 0 {
		fmt.Fprintln(o.Stdout, "no word or phrase stands out as a trigger; a style or a syntax can be one without any")
	} else {
		fmt.Fprintf(o.Stdout, "possible triggers, held by %s of their label, which suspects.csv marks:\n", count(r.Holders, "text"))
		table := tabwriter.NewWriter(o.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  phrase\tlabel\tstrength\ttexts\tflips of vanilla\tof clean")
		for _, p := range r.Possible[:min(len(r.Possible), mostShown)] {
			fmt.Fprintf(table, "  %s\t%s\t%.1f\t%d\t%.0f %%\t%.0f %%\n", visible.Line(p.Phrase), visible.Line(p.Label), p.Strength, p.Texts, 100*p.VanillaFlips, 100*p.CleanFlips)
		}
		if err := table.Flush(); err != nil {
			return err
		}
		if more := len(r.Possible) - mostShown; more > 0 {
			fmt.Fprintf(o.Stdout, "  and %d more in triggers.csv\n", more)
		}
	}
	if r.Scores != nil {
		table := tabwriter.NewWriter(o.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "ranking\tAUROC\tprecision at %d\n", r.Scores.Poisoned)
		for _, s := range r.Scores.Rankings {
			fmt.Fprintf(table, "%s\t%.4f\t%.4f\n", s.Ranking, s.AUROC, s.Precision)
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	say(o.Stdout, "%s: report.html, suspects.csv, triggers.csv, left.csv; read the first suspects: a high rank is a reason to look, no proof", o.Out)
	return nil
}
