package experiment

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/gradalign"
	"mslora/graphs"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
	"mslora/ortrain"
	"mslora/params"
)

// This file adds to the program what newcomers add: a rule of alignment, hyperparameters, a purifier, a filter and a hook.
// Each is one type and one line of a registry.

// halve is a rule that halves gradients, by as much as its hyperparameter says.
type halve struct{ factor float32 }

func (h halve) Align(_ gradalign.Step, gradients, _ [][]float32) (gradalign.Stats, error) {
	for _, g := range gradients {
		for i := range g {
			g[i] *= h.factor
		}
	}
	return gradalign.Stats{FullyAligned: 1}, nil
}

// keepAll is a purifier that drops nothing, or else every tenth text; it looks at every text's vector.
type keepAll struct{ calls *int }

func (keepAll) Name() string { return "keep all" }

func (k keepAll) Purify(ctx context.Context, bench defence.Bench) (defence.Judgement, error) {
	*k.calls++
	texts := make([]string, len(bench.Train))
	for i, t := range bench.Train {
		texts[i] = t.Text
	}
	vectors, err := bench.Vectors(ctx, texts)
	if err != nil {
		return defence.Judgement{}, err
	}
	decisions := make([]defence.Decision, len(vectors))
	for i := range decisions {
		decisions[i] = defence.Decision{Keep: bench.Values.Word("strictness") == "lax" || i%10 != 0, Why: fmt.Sprintf("vector of %d", len(vectors[i]))}
	}
	return defence.Judgement{Decisions: decisions}, nil
}

// flagAll is a filter that lets the model answer no text.
type flagAll struct{}

func (flagAll) Name() string { return "flag all" }

func (flagAll) Fit(ctx context.Context, bench defence.Bench) (defence.Sieve, error) {
	if _, err := bench.Logits(ctx, []string{bench.Trusted[0].Text}); err != nil {
		return nil, err
	}
	return func(_ context.Context, texts []string) ([]defence.Sifted, error) {
		sifted := make([]defence.Sifted, len(texts))
		for i, text := range texts {
			sifted[i] = defence.Sifted{Text: text, Flagged: true}
		}
		return sifted, nil
	}, nil
}

// lines is a hook that keeps the model's answer to one text after every step.
type lines struct {
	ortrain.Lines
	text []ortrain.Example
}

func (l *lines) Step(ctx context.Context, run *ortrain.Run, _ ortrain.StepRecord) error {
	logits, err := run.Logits(ctx, l.text)
	if err != nil {
		return err
	}
	return l.Append(map[string]any{"step": run.Step(), "logits": logits[0]})
}

// extend puts the additions into the registries for one test.
func extend(t *testing.T) (purified *int) {
	t.Helper()
	purified = new(int)
	rules, table, methods := gradalign.Rules, params.Table, defence.Methods
	t.Cleanup(func() { gradalign.Rules, params.Table, defence.Methods = rules, table, methods })
	gradalign.Rules = append(rules[:len(rules):len(rules)], gradalign.Definition{
		Name: "halve", Help: "halves gradients", New: func(v params.Values) gradalign.Rule { return halve{float32(v.Float("half"))} },
	})
	params.Table = append(table[:len(table):len(table)],
		params.Parameter{Name: "half", Flag: "half", Kind: params.Number, Max: 1, Default: 0.5, Help: "what is left", Parts: []string{params.AlignmentBy("halve")}},
		params.Parameter{Name: "strictness", Flag: "strictness", Kind: params.Word, Words: []string{"lax", "strict"}, Default: "lax", Help: "what is dropped", Parts: []string{"keep all"}},
	)
	defence.Methods = append(methods[:len(methods):len(methods)],
		defence.Method{Name: "kept", Title: "Kept", Graph: "lora", Purifier: keepAll{purified}},
		defence.Method{Name: "flagged", Title: "Flagged", Graph: "lora", Filter: flagAll{}},
	)
	return purified
}

// tiny is the configuration of a grid on a tiny model.
func tiny(t *testing.T) Config {
	t.Helper()
	testort.Start(t)
	t.Setenv("MSLORA_CACHE", t.TempDir())
	folder := t.TempDir()
	model, store := testmodel.Write(t, folder)
	data := filepath.Join(folder, "films")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, rows := range map[string]int{"train": 40, "dev": 16, "test": 12} {
		text := "text,label\n"
		for i := range rows {
			text += fmt.Sprintf("the film %s %d is %s.,%d\n", name, i, []string{"bad", "good"}[i%2], i%2)
		}
		if err := os.WriteFile(filepath.Join(data, name+".csv"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := DefaultConfig()
	config.Models, config.Data, config.Methods, config.Out = []string{model}, []string{data}, []string{"lora"}, filepath.Join(folder, "runs")
	config.Hyperparameters = Axes{params.Epochs: {2}, params.BatchSize: {8}}
	var err error
	if config.Graphs, err = graphs.NewStore(store); err != nil {
		t.Fatal(err)
	}
	return config
}

func openPlan(t *testing.T, config Config) *Plan {
	t.Helper()
	plan, err := NewPlan(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plan.Close() })
	return plan
}

func TestNewRule(t *testing.T) {
	extend(t)
	config := tiny(t)
	config.Methods = []string{"ga+lora"}
	config.Hyperparameters[params.Align], config.Hyperparameters[params.Auxiliary], config.Hyperparameters["half"] = []any{"halve"}, []any{8}, []any{0.25, 0.0}
	plan := openPlan(t, config)
	if len(plan.Cells) != 2 || plan.Cells[0].Hyperparameters.Float("half") != 0.25 || plan.Cells[0].Hyperparameters.Has("mu_max") {
		t.Fatalf("cells %+v", plan.Cells)
	}
	result, err := plan.Run(context.Background(), plan.Cells[0], false)
	if err != nil || !strings.Contains(string(result.Config), `"half":0.25`) {
		t.Errorf("configuration %s, error %v", result.Config, err)
	}
	// Another value is another cell; a value that the rule does not have is refused.
	if plan.Cells[0].ID() == plan.Cells[1].ID() {
		t.Error("both values have one cell")
	}
	config.Hyperparameters["mu_max"] = []any{0.1}
	if _, err := NewPlan(config); err == nil || err.Error() != "mu_max does nothing with align halve" {
		t.Errorf("error %v", err)
	}
}

// A purifier that drops nothing trains what no purifier trains, bit for bit. What it says is kept for a resumed run.
func TestNewPurifier(t *testing.T) {
	calls := extend(t)
	config := tiny(t)
	config.Methods = []string{"lora", "kept"}
	config.Hyperparameters["strictness"] = []any{"lax", "strict"}
	plan := openPlan(t, config)
	if len(plan.Cells) != 3 {
		t.Fatalf("%d cells", len(plan.Cells))
	}
	outcomes, err := plan.RunGrid(context.Background(), GridOptions{Force: true}) // so that no cell takes another's training over
	if err != nil {
		t.Fatal(err)
	}
	var best [3]string
	for i, o := range outcomes {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		data, err := os.ReadFile(filepath.Join(plan.Folder(o.Cell), ortrain.BestFile))
		if err != nil {
			t.Fatal(err)
		}
		best[i] = string(data)
	}
	if best[0] != best[1] || best[0] == best[2] {
		t.Error("with all texts kept the model is another one, or with some dropped the same")
	}
	if p := outcomes[2].Result.Purified; outcomes[0].Result.Purified != nil || p == nil || p.Texts != 40 || p.Dropped != 4 {
		t.Errorf("recorded %+v", p)
	}
	text, err := os.ReadFile(filepath.Join(plan.Folder(outcomes[2].Cell), PurifiedFile))
	if err != nil || !strings.HasPrefix(string(text), "row,keep,why,label,weight,pattern\n0,false,vector of 36,,,\n1,true,vector of 36,,,\n") {
		t.Errorf("%.80q, error %v", text, err)
	}
	if err := os.Remove(filepath.Join(plan.Folder(outcomes[2].Cell), ResultFile)); err != nil {
		t.Fatal(err)
	}
	before := *calls
	if _, err := plan.Run(context.Background(), outcomes[2].Cell, false); err != nil || *calls != before {
		t.Errorf("%d calls after a resume, error %v", *calls-before, err)
	}
}

func TestNewFilter(t *testing.T) {
	extend(t)
	config := tiny(t)
	config.Methods = []string{"lora", "flagged"}
	plan := openPlan(t, config)
	var scores [2]eval.Scores
	for i, cell := range plan.Cells {
		result, err := plan.Run(context.Background(), cell, false)
		if err != nil {
			t.Fatal(err)
		}
		scores[i] = result.Scores
	}
	// Of two classes the other one counts where a text is flagged: what was right is wrong.
	if scores[0].CACC.Hits+scores[1].CACC.Hits != 12 || scores[1].CACC.Texts != 12 || scores[0].Floor.Hits+scores[1].Floor.Hits != 6 {
		t.Errorf("scores %+v", scores)
	}
	if alarms := scores[1].FalseAlarms; scores[0].FalseAlarms != nil || alarms == nil || *alarms != (eval.Share{Hits: 12, Texts: 12}) {
		t.Errorf("false alarms %v and %v", scores[0].FalseAlarms, alarms)
	}
}

func TestNewHook(t *testing.T) {
	config := tiny(t)
	plan := openPlan(t, config)
	cell := plan.Cells[0]
	hook := &lines{text: plan.examples(cell, []dataset.Text{{Text: "a good film"}})}
	hook.Path = filepath.Join(t.TempDir(), "answers.jsonl")
	if _, err := plan.Run(context.Background(), cell, false, hook); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(hook.Path)
	if err != nil || strings.Count(string(text), "\n") != 10 || !strings.Contains(string(text), `"step":10}`) {
		t.Errorf("%s, error %v", text, err)
	}
}
