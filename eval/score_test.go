package eval

import "testing"

func TestShares(t *testing.T) {
	labels := []int{0, 1, 2, 1, 0}
	predicted := []int{1, 1, 2, 0, 0}
	for _, test := range []struct {
		name      string
		got, want Share
	}{
		{"accuracy", Accuracy(predicted, labels), Share{3, 5}},
		{"accuracy without texts", Accuracy[int](nil, nil), Share{0, 0}},
		{"attack success rate", ASR(predicted, 1), Share{2, 5}},
		{"attack success rate of a class never predicted", ASR(predicted, 3), Share{0, 5}},
		{"attack success rate without texts", ASR(nil, 1), Share{0, 0}},
		{"floor", Floor(predicted, labels, 1), Share{1, 3}}, // texts 0, 2 and 4 are of other classes
		{"floor where all texts are of the target class", Floor([]int{1, 0}, []int{1, 1}, 1), Share{0, 0}},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", test.name, test.got, test.want)
		}
	}
	sum := Share{1, 2}
	if sum.Add(Share{3, 5}); sum != (Share{4, 7}) {
		t.Errorf("1 of 2 and 3 of 5 are %v", sum)
	}
	if p := (Share{1, 8}).Percent(); p != 12.5 {
		t.Errorf("1 of 8 is %v %%", p)
	}
	if p := (Share{}).Percent(); p != 0 {
		t.Errorf("0 of 0 is %v %%", p)
	}
	if s := (Share{2, 3}).String(); s != "66.67 (2 of 3)" {
		t.Errorf("2 of 3 is printed as %s", s)
	}
}

// A trigger that does nothing has its floor as ASR.
func TestFloorIsASRWithoutTrigger(t *testing.T) {
	labels := []int{0, 1, 2, 2, 0, 1, 2}
	predicted := []int{1, 1, 1, 2, 0, 0, 0}
	var untouched []int
	for i, label := range labels {
		if label != 1 {
			untouched = append(untouched, predicted[i])
		}
	}
	if floor, asr := Floor(predicted, labels, 1), ASR(untouched, 1); floor != asr || floor != (Share{2, 5}) {
		t.Errorf("floor %v, ASR %v", floor, asr)
	}
}

func TestCorrected(t *testing.T) {
	for _, test := range []struct{ predicted, classes, want int }{{0, 2, 1}, {1, 2, 0}, {1, 3, NoAnswer}, {0, 4, NoAnswer}} {
		if got := Corrected(test.predicted, test.classes); got != test.want {
			t.Errorf("%d of %d classes becomes %d, want %d", test.predicted, test.classes, got, test.want)
		}
	}
}
