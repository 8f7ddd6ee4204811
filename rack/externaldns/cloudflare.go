package externaldns

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/home-ops/home-ops/rack/cloudflare/api"
)

// Publisher is where the records are.
type Publisher interface {
	// Records are all of those in the zones that it may touch.
	Records(ctx context.Context) ([]Record, error)
	// Upsert makes a record, or mends the one with its name, type and content. A name that is in no zone is left out.
	Upsert(ctx context.Context, record Record) error
	// Delete removes a record that Records told of.
	Delete(ctx context.Context, record Record) error
}

// cloudflare publishes in the zones of an account at Cloudflare.
type cloudflare struct {
	client *api.Client
	args   *Args
	// zones are the ids of the zones by name, and ids where a record is.
	zones map[string]string
	ids   map[Record]string
}

// txt is the type that has one record for each name.
const txt = "TXT"

func newCloudflare(client *api.Client, args *Args) *cloudflare {
	return &cloudflare{client: client, args: args, zones: map[string]string{}, ids: map[Record]string{}}
}

// Records skips zones whose name is not among the domains that it may touch: a domain below the zone's name does not make
// it look at the zone, as with the genuine one.
func (c *cloudflare) Records(ctx context.Context) ([]Record, error) {
	var zones []struct{ ID, Name string }
	if err := c.client.Do(ctx, http.MethodGet, "/zones?per_page=50", nil, &zones); err != nil {
		return nil, err
	}
	var all []Record
	for _, zone := range zones {
		if !c.args.mayTouch(zone.Name) {
			continue
		}
		c.zones[zone.Name] = zone.ID
		const size = 1000
		for page := 1; ; page++ {
			var records []struct {
				ID string
				Record
			}
			path := fmt.Sprintf("/zones/%s/dns_records?per_page=%d&page=%d", zone.ID, size, page)
			if err := c.client.Do(ctx, http.MethodGet, path, nil, &records); err != nil {
				return nil, err
			}
			for _, r := range records {
				c.ids[key(r.Record)] = "/zones/" + zone.ID + "/dns_records/" + r.ID
				all = append(all, r.Record)
			}
			if len(records) < size {
				break
			}
		}
	}
	return all, nil
}

// key is what tells a record from others.
func key(r Record) Record {
	r.Proxied = false
	if r.Type == txt {
		r.Content = ""
	}
	return r
}

func (c *cloudflare) Upsert(ctx context.Context, r Record) error {
	zone := c.zoneOf(r.Name)
	if zone == "" {
		return nil
	}
	method, path := http.MethodPost, "/zones/"+zone+"/dns_records"
	if at, ok := c.ids[key(r)]; ok {
		method, path = http.MethodPut, at
	}
	// 1 is for Cloudflare to choose.
	request := map[string]any{"name": r.Name, "type": r.Type, "content": r.Content, "proxied": r.Proxied, "ttl": 1}
	if err := c.client.Do(ctx, method, path, request, nil); err != nil {
		return fmt.Errorf("%s %s: %w", r.Type, r.Name, err)
	}
	return nil
}

func (c *cloudflare) Delete(ctx context.Context, r Record) error {
	if err := c.client.Do(ctx, http.MethodDelete, c.ids[key(r)], nil, nil); err != nil {
		return fmt.Errorf("%s %s: %w", r.Type, r.Name, err)
	}
	delete(c.ids, key(r))
	return nil
}

// zoneOf is the zone that a name is in.
func (c *cloudflare) zoneOf(name string) string {
	best := ""
	for zone := range c.zones {
		if (name == zone || strings.HasSuffix(name, "."+zone)) && len(zone) > len(best) {
			best = zone
		}
	}
	return c.zones[best]
}
