package report

import (
	"math"
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	for _, test := range []struct{ name, got, want string }{
		{"prose that fits", prose(strings.Repeat("ü", textLimit)), strings.Repeat("ü", textLimit)},
		{"prose too long", prose(strings.Repeat("ü", textLimit+1)), strings.Repeat("ü", textLimit) + "… (1 more character)"},
		{"prose far too long", prose(strings.Repeat("x", textLimit+12345)), strings.Repeat("x", textLimit) + "… (12,345 more characters)"},
		{"name that fits", name(strings.Repeat("n", nameLimit)), strings.Repeat("n", nameLimit)},
		{"name too long", name(strings.Repeat("n", nameLimit+1)), strings.Repeat("n", nameLimit) + "…"},
		{"no name", name(" \n"), "(no name)"},
		{"no title", title(""), "Classifier without a name"},
	} {
		if test.got != test.want {
			t.Errorf("%s: %q, want %q", test.name, test.got, test.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{grouped(0), "0"}, {grouped(999), "999"}, {grouped(1000), "1,000"}, {grouped(1234567), "1,234,567"}, {grouped(-1000), "-1,000"}, {grouped(-100), "-100"},
		{decimals(12.345), "12.35"}, {decimals(math.NaN()), "–"}, {decimals(math.Inf(-1)), "–"},
		{probability(0.98712), "98.71"}, {probability(1), "100.00"}, {probability(1.1), "–"}, {probability(-0.1), "–"}, {probability(math.NaN()), "–"},
		{loss(0.69315), "0.6932"}, {loss(math.NaN()), "NaN"}, {loss(math.Inf(1)), "+Inf"}, {loss(1.5e9), "1.5e+09"},
		{plural(1, "text", "texts"), "1 text"}, {plural(2000, "text", "texts"), "2,000 texts"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
