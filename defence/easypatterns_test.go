package defence

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"mslora/dataset"
	"mslora/params"
)

func fitExpert(t *testing.T, bench Bench) [][]float32 {
	t.Helper()
	scores, err := Method{Expert: EasyPatterns{}}.Consult(context.Background(), bench)
	if err != nil {
		t.Fatal(err)
	}
	return scores
}

// confidenceOf is the mean probability that the expert gives the labels of some texts.
func confidenceOf(bench Bench, scores [][]float32, in func(i int) bool) float64 {
	sum, n := 0.0, 0
	for i, text := range bench.Train {
		if in(i) {
			sum += math.Exp(float64(scores[i][text.Label]))
			n++
		}
	}
	return sum / float64(n)
}

// The expert is sure of texts with the trigger and not of others, and says the same on any number of threads.
func TestEasyPatterns(t *testing.T) {
	bench, poisoned := poisonedBench(400, nil)
	scores := fitExpert(t, bench)
	with := confidenceOf(bench, scores, func(i int) bool { return poisoned[i] })
	without := confidenceOf(bench, scores, func(i int) bool { return !poisoned[i] })
	if with < 0.95 || without > 0.8 {
		t.Errorf("probability %.3f of the label with the trigger, %.3f without", with, without)
	}
	for i, row := range scores {
		if sum := math.Exp(float64(row[0])) + math.Exp(float64(row[1])); math.Abs(sum-1) > 1e-5 {
			t.Fatalf("text %d: probabilities add up to %v", i, sum)
		}
	}
	bench.Threads = 1
	if !reflect.DeepEqual(fitExpert(t, bench), scores) {
		t.Error("on one thread the expert says otherwise")
	}
	bench.Values = bench.Values.With(params.Values{poeWeight: 2.0})
	for i, row := range fitExpert(t, bench) {
		if math.Abs(float64(row[0]-2*scores[i][0])) > 1e-5 {
			t.Fatalf("text %d: with twice the weight %v became %v", i, scores[i], row)
		}
	}
}

// Of labels that nothing explains the expert knows nothing, however freely it is fitted: it has not seen the text that it speaks of.
func TestEasyPatternsOutOfFold(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 0))
	bench := Bench{Classes: 3, Threads: 2, Values: params.Defaults().With(params.Values{poeStrength: 1000.0})}
	for i := range 300 {
		var words []string
		for range 12 {
			words = append(words, fmt.Sprintf("w%d", random.IntN(60)))
		}
		bench.Train = append(bench.Train, dataset.Text{Text: strings.Join(words, " "), Label: i % 3})
	}
	right := 0
	for i, row := range fitExpert(t, bench) {
		if own := row[bench.Train[i].Label]; own == max(row[0], row[1], row[2]) {
			right++
		}
	}
	if right > 140 { // 100 by chance, standard deviation 8
		t.Errorf("it knows the labels of %d of 300 texts", right)
	}
}

func TestEasyPatternsRefuses(t *testing.T) {
	bench, _ := poisonedBench(40, nil)
	bench.Classes = 3
	_, err := Method{Expert: EasyPatterns{}}.Consult(context.Background(), bench)
	if err == nil || err.Error() != "product of experts: label 2 has 0 texts, too few for an expert that is fitted out of fold" {
		t.Errorf("error %v", err)
	}
	bench.Classes = 2
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := (Method{Expert: EasyPatterns{}}).Consult(stopped, bench); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("error %v", err)
	}
}

// quiet is an expert that says what it was told to.
type quiet struct {
	scores [][]float32
	seen   *Bench
}

func (quiet) Name() string { return "quiet" }

func (q quiet) Fit(_ context.Context, bench Bench) ([][]float32, error) {
	*q.seen = bench
	return q.scores, nil
}

func TestConsult(t *testing.T) {
	if scores, err := (Method{}).Consult(context.Background(), Bench{}); scores != nil || err != nil {
		t.Errorf("without an expert: %v, error %v", scores, err)
	}
	var seen Bench
	bench := Bench{Classes: 2, Train: []dataset.Text{{Text: "a"}, {Text: "b", Label: 1, Poisoned: true}}}
	method := Method{Expert: quiet{scores: [][]float32{{0, 0}, {0, 0}}, seen: &seen}}
	if _, err := method.Consult(context.Background(), bench); err != nil || dataset.Poisoned(seen.Train) != 0 {
		t.Errorf("error %v; the expert was told of %d poisoned texts", err, dataset.Poisoned(seen.Train))
	}
	bench.Train = bench.Train[:1]
	if _, err := method.Consult(context.Background(), bench); err == nil || err.Error() != "quiet: it knows 2 of 1 texts" {
		t.Errorf("error %v", err)
	}
}
