package main

import (
	"slices"
	"testing"
)

func TestLanguages(t *testing.T) {
	for _, test := range []struct {
		list  string
		codes []string
		bad   bool
	}{
		{list: ""},
		{list: "en", codes: []string{"en"}},
		{list: "en, de,zh-Hans", codes: []string{"en", "de", "zh-Hans"}},
		{list: "multilingual", codes: []string{"multilingual"}},
		{list: "English", bad: true},
		{list: "en,", bad: true},
		{list: "en\nlicense: mit", bad: true},
	} {
		codes, err := languages(test.list)
		if !slices.Equal(codes, test.codes) || (err != nil) != test.bad {
			t.Errorf("%q: %q, %v", test.list, codes, err)
		}
	}
}
