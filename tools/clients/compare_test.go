package main

import (
	"math"
	"strings"
	"testing"
)

func TestReadPredictions(t *testing.T) {
	answers, err := readPredictions([]byte(`{"text":"a","label":"x","probabilities":{"x":0.75,"y":0.25}}` + "\n"))
	if err != nil || len(answers) != 1 || answers[0]["y"] != 0.25 {
		t.Errorf("%v, %v", answers, err)
	}
	if _, err := readPredictions([]byte("no JSON\n")); err == nil {
		t.Error("no error")
	}
}

func TestDifferences(t *testing.T) {
	texts := []text{{"a", true}, {"b", false}}
	want := []answer{{"x": 0.5, "y": 0.5}, {"x": 1, "y": 0}, {"x": 0, "y": 1}} // of which two are asked
	for _, test := range []struct {
		name           string
		got            []answer
		longer, others float64
		message        string
	}{
		{"equal", want[:2], 0, 0, ""},
		{"both", []answer{{"x": 0.75, "y": 0.25}, {"x": 0.875, "y": 0.125}}, 0.25, 0.125, ""},
		{"an answer too few", want[:1], 0, 0, "1 answers to 2 texts"},
		{"a class too few", []answer{want[0], {"x": 1}}, 0, 0, "text 2: 1 classes, want 2"},
		{"other labels", []answer{want[0], {"LABEL_0": 1, "LABEL_1": 0}}, 0, 0, `text 2: no probability of class "`},
		{"not a number", []answer{{"x": math.NaN(), "y": math.NaN()}, want[1]}, 0, 0, `text 1: no probability of class "`},
	} {
		longer, others, err := differences(texts, want, test.got)
		if test.message != "" {
			if err == nil || !strings.HasPrefix(err.Error(), test.message) {
				t.Errorf("%s: error is %v", test.name, err)
			}
		} else if err != nil || longer != test.longer || others != test.others {
			t.Errorf("%s: %v, %v, %v", test.name, longer, others, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		row measured
		ok  bool
	}{
		{measured{longer: 1e-7, others: 1e-7}, true},
		{measured{others: 1e-4}, false},
		{measured{longer: 0.1}, false},
		{measured{client: client{longer: 0.3}, longer: 0.1}, true},
		{measured{client: client{longer: 0.3}, longer: 0.4}, false},
		{measured{client: client{longer: 0.3}, others: 0.1}, false},
		{measured{client: client{others: 0.3}, others: 0.1}, true},
	} {
		if err := test.row.check(); (err == nil) != test.ok {
			t.Errorf("%+v: %v", test.row, err)
		}
	}
}
