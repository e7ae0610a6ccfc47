package cluster

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// reference is what tools/cluster/reference.py writes.
type reference struct {
	PCA struct {
		Vectors [][]float32 `json:"vectors"`
		Scores  [][]float64 `json:"scores"`
	} `json:"pca"`
	UMAP struct {
		Points          [][]float64  `json:"points"`
		Neighbours      int          `json:"neighbours"`
		Curve           [2]float64   `json:"curve"`
		Trustworthiness float64      `json:"trustworthiness"`
		Kept            float64      `json:"kept"`
		Links           int          `json:"links"`
		First           [][2]float64 `json:"first"`
	} `json:"umap"`
	HDBSCAN []struct {
		Points     [][]float64 `json:"points"`
		MinSamples int         `json:"min_samples"`
		MinSize    int         `json:"min_cluster_size"`
		Labels     []*int      `json:"labels"` // nil where hdbscan goes by the order of the points
	} `json:"hdbscan"`
}

func read(t *testing.T) (r reference) {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// The scores of scikit-learn, with their signs.
func TestComponents(t *testing.T) {
	r := read(t).PCA
	scores, err := Components(r.Vectors, len(r.Scores[0]))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range r.Scores {
		for c := range want {
			if math.Abs(scores[i][c]-want[c]) > 2e-6 {
				t.Fatalf("vector %d, component %d: %v, want %v", i, c, scores[i][c], want[c])
			}
		}
	}
}

// The labels of hdbscan, on every point that has one whatever the order of the points.
func TestHDBSCAN(t *testing.T) {
	for i, r := range read(t).HDBSCAN {
		labels, err := HDBSCAN(r.Points, r.MinSamples, r.MinSize, 2)
		if err != nil {
			t.Fatal(err)
		}
		theirs, ours := map[int]int{Noise: Noise}, map[int]int{Noise: Noise} // a cluster of either is one of the other, and noise is noise
		for p, want := range r.Labels {
			if want == nil {
				continue
			}
			if _, known := theirs[labels[p]]; !known {
				theirs[labels[p]] = *want
			}
			if _, known := ours[*want]; !known {
				ours[*want] = labels[p]
			}
			if theirs[labels[p]] != *want || ours[*want] != labels[p] {
				t.Errorf("set %d: point %d has label %d, which is their %d, want %d, which is our %d", i, p, labels[p], theirs[labels[p]], *want, ours[*want])
			}
		}
	}
}

// The links of umap-learn, and a picture that is as true to the points as its own.
func TestUMAP(t *testing.T) {
	r := read(t).UMAP
	if math.Abs(curveA-r.Curve[0])+math.Abs(curveB-r.Curve[1]) > 1e-8 {
		t.Errorf("the curve's numbers are %v and %v, want %v", curveA, curveB, r.Curve)
	}
	links := fuzzyLinks(Nearest(r.Points, r.Neighbours, 2), 2)
	if len(links) != r.Links {
		t.Errorf("%d links, want %d", len(links), r.Links)
	}
	first := map[int]float64{}
	for _, l := range links {
		if l.from == 0 {
			first[l.to] = l.strength
		}
	}
	for _, want := range r.First {
		if math.Abs(first[int(want[0])]-want[1]) > 1e-4 {
			t.Errorf("the link of points 0 and %v is %v, want %v", want[0], first[int(want[0])], want[1])
		}
	}
	var trust, kept float64
	const draws = 2
	for seed := range uint64(draws) {
		picture, err := UMAP(context.Background(), r.Points, UMAPOptions{Neighbours: r.Neighbours, Seed: seed, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		trust, kept = trust+trustworthiness(r.Points, picture, 15)/draws, kept+keptNeighbours(r.Points, picture, 15)/draws
	}
	if trust < 0.98*r.Trustworthiness || kept < 0.98*r.Kept {
		t.Errorf("trustworthiness %.4f, umap-learn's is %.4f; neighbours kept %.4f, umap-learn's %.4f", trust, r.Trustworthiness, kept, r.Kept)
	}
	t.Logf("trustworthiness %.4f, umap-learn's is %.4f; neighbours kept %.4f, umap-learn's %.4f", trust, r.Trustworthiness, kept, r.Kept)
}

// trustworthiness is scikit-learn's: 1 less a penalty for neighbours in the picture by their true ranks.
func trustworthiness(points, picture [][]float64, k int) float64 {
	n := len(points)
	ranks, drawn, penalty := Nearest(points, n, 2), Nearest(picture, k+1, 2), 0.0
	for i := range points {
		rank := make([]int, n)
		for place, v := range ranks[i] {
			rank[v.Point] = place
		}
		for _, v := range drawn[i][1:] {
			penalty += float64(max(0, rank[v.Point]-k))
		}
	}
	return 1 - penalty*2/float64(n*k*(2*n-3*k-1))
}

// keptNeighbours is the mean share of the nearest that are nearest in the picture, too.
func keptNeighbours(points, picture [][]float64, k int) (share float64) {
	before, after := Nearest(points, k+1, 2), Nearest(picture, k+1, 2)
	for i := range points {
		for _, v := range after[i][1:] {
			if slices.ContainsFunc(before[i][1:], func(b Neighbour) bool { return b.Point == v.Point }) {
				share += 1 / float64(k*len(points))
			}
		}
	}
	return share
}
