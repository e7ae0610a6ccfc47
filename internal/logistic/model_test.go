package logistic

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// reference.json holds models fitted by scikit-learn; testdata/reference.py wrote it.
func TestFitAgreesWithScikitLearn(t *testing.T) {
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var reference struct {
		Rows  [][]float64
		Cases []struct {
			Name                    string
			Strength, Intercept     float64
			Target, Weight, Weights []float64
		}
	}
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	rows := NewDense(len(reference.Rows[0]))
	for _, row := range reference.Rows {
		rows.AddDense(row)
	}
	for _, c := range reference.Cases {
		t.Run(fmt.Sprintf("%s, strength %g", c.Name, c.Strength), func(t *testing.T) {
			m, err := Fit(Problem{Rows: rows, Target: c.Target, Weight: c.Weight, Strength: c.Strength}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range append(c.Weights, c.Intercept) {
				got := append(m.Weights, m.Intercept)[i]
				if math.Abs(got-want) > 1e-3*max(1, math.Abs(want)) {
					t.Errorf("weight %d is %.6f, scikit-learn's %.6f", i, got, want)
				}
			}
		})
	}
}

// Rows that are not chosen do not count, and an offset is part of the log-odds: with the solution as offset nothing is left to learn.
func TestFitChosenAndOffset(t *testing.T) {
	rows := NewMatrix(2)
	rows.Add([]int32{0}, []float32{1})
	rows.Add([]int32{1}, []float32{1})
	rows.Add([]int32{0, 1}, []float32{1, 1})
	rows.Add(nil, nil)
	target := []float64{1, 0, 1, 0}
	part, err := Fit(Problem{Rows: rows, Chosen: []int{0, 1}, Target: target, Strength: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// By symmetry b = 0 and w = (a, −a), where a minimises a² + 2·2·log(1 + exp(−a)): a = 2 / (1 + exp(a)).
	a := part.Weights[0]
	if math.Abs(a-2/(1+math.Exp(a))) > 1e-3 || math.Abs(part.Weights[1]+a) > 1e-3 || math.Abs(part.Intercept) > 1e-3 {
		t.Errorf("%+v", part)
	}
	offset := make([]float64, 4)
	for i := range offset {
		offset[i] = 30 * (2*target[i] - 1)
	}
	rest, err := Fit(Problem{Rows: rows, Target: target, Offset: offset, Strength: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(rest.Weights[0])+math.Abs(rest.Weights[1]) > 1e-6 {
		t.Errorf("weights %v beside an offset that explains all", rest.Weights)
	}
}

func TestFitNoRows(t *testing.T) {
	if _, err := Fit(Problem{Rows: NewMatrix(3), Strength: 1}, nil); err == nil {
		t.Error("no error")
	}
}

func TestUnit(t *testing.T) {
	m := NewMatrix(3)
	m.Add([]int32{2, 0}, []float32{3, 4})
	m.Add(nil, nil)
	m.Unit()
	if _, values := m.Row(0); math.Abs(float64(values[0])-0.6) > 1e-7 || math.Abs(float64(values[1])-0.8) > 1e-7 {
		t.Errorf("row of length 5 became %v", values)
	}
}

// Each row is told by a model that has not seen it, and a second search begins at the models of the first.
func TestFitFolds(t *testing.T) {
	rows := NewMatrix(2)
	var target []float64
	for i := range 12 {
		rows.Add([]int32{int32(i % 2)}, []float32{1})
		target = append(target, float64(i%2))
	}
	target[0] = 1 // wrong
	fold := []int{0, 1, 1, 0, 2, 2, 0, 1, 2, 0, 1, 2}
	problem := Problem{Rows: rows, Target: target, Strength: 5}
	once := Folded{Problem: problem, Models: make([]*Model, 3), Odds: make([]float64, 12)}
	alone := Folded{Problem: problem, Odds: make([]float64, 12)}
	if err := FitFolds(2, 3, fold, once, alone); err != nil {
		t.Fatal(err)
	}
	for i, f := range fold {
		p := problem
		for k, of := range fold {
			if of != f {
				p.Chosen = append(p.Chosen, k)
			}
		}
		want, err := Fit(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if once.Odds[i] != want.LogOdds(rows, i) || alone.Odds[i] != once.Odds[i] || once.Models[f].Intercept != want.Intercept {
			t.Errorf("row %d: %v and %v, want %v", i, once.Odds[i], alone.Odds[i], want.LogOdds(rows, i))
		}
	}
	if err := FitFolds(1, 1, make([]int, 12), alone); err == nil {
		t.Error("a fold beside which there is none is no error")
	}
}
