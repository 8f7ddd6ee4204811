// Looks at every page of the built site in a real browser, on a desk and on a phone, in the light and in the dark.
//
//   make site-test          CHROMIUM=/path/to/chromium where it is not on PATH; PICTURES=folder keeps what was seen
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import puppeteer from 'puppeteer-core'

const site = fileURLToPath(new URL('../out/site', import.meta.url))
const pictures = process.env.PICTURES
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.json': 'application/json' }

/** The pages by the addresses under which the site serves them. */
const pages = readdirSync(site, { recursive: true })
  .filter((file) => file.endsWith('.html') && file !== '404.html')
  .map((file) => '/' + file.replace(/(^|\/)index\.html$/, '$1').replace(/\.html$/, ''))

/** A file as a host of static files finds it, without an extension where it is a page. */
const find = (address) =>
  ['', '.html', '/index.html', 'index.html'].map((end) => path.join(site, address) + end).find((file) => statSync(file, { throwIfNoEntry: false })?.isFile())

const server = createServer((request, response) => {
  const file = find(decodeURIComponent(new URL(request.url, 'http://site').pathname))
  response.writeHead(file ? 200 : 404, { 'content-type': types[path.extname(file ?? '')] ?? 'application/octet-stream' })
  response.end(file ? readFileSync(file) : 'not found')
})

const chromium = () =>
  process.env.CHROMIUM ??
  execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser || command -v google-chrome'], { encoding: 'utf8' }).trim()

let browser, origin

before(async () => {
  if (pictures) mkdirSync(pictures, { recursive: true })
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
  origin = `http://127.0.0.1:${server.address().port}`
  // Its own sandbox wants rights that a container does not have, and every page is of this repository.
  browser = await puppeteer.launch({ executablePath: chromium(), args: ['--no-sandbox', '--disable-dev-shm-usage'] })
})

after(async () => {
  await browser?.close()
  server.close()
})

const looks = [
  { name: 'desk', scheme: 'light', viewport: { width: 1280, height: 800 } },
  { name: 'phone', scheme: 'dark', viewport: { width: 390, height: 844, isMobile: true } },
]

/** Where the picture of a thing is kept, beside the pages. */
const kept = (thing, look) => path.join(pictures, `${thing}-${look.name}-${look.scheme}.png`)

const text = (file) => readFileSync(new URL(file, import.meta.url), 'utf8')
const document = (body, style = '') => `<!doctype html><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><style>body { margin: 16px } ${style}</style>${body}`
/** The pictures of the sample home, which follow the reader's scheme, one below the other. */
const drawn = document(['machines', 'addresses', 'owners', 'requests'].map((name) => text(`pictures/home/${name}.svg`)).join('\n'), 'body { display: flex; flex-wrap: wrap; gap: 32px; align-items: start } svg { max-width: 100%; height: auto }')

const keep = async (content, look, file) => {
  const page = await browser.newPage()
  await page.setViewport(look.viewport)
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: look.scheme }])
  await page.setContent(content)
  await page.screenshot({ path: file, fullPage: true })
  await page.close()
}

for (const look of looks) {
  test(`every page on a ${look.name}, ${look.scheme}`, async () => {
    assert.ok(pages.length > 30, `only ${pages.length} pages`)
    const page = await browser.newPage()
    const wrong = []
    let address
    page.on('pageerror', (error) => wrong.push(`${address}: ${error.message}`))
    page.on('console', (message) => message.type() === 'error' && wrong.push(`${address}: ${message.text()}`))
    page.on('response', (answer) => answer.status() >= 400 && wrong.push(`${address}: ${answer.status()} for ${answer.url()}`))
    page.on('request', (request) => {
      // data: and blob: are in the page itself.
      if (request.url().startsWith('http') && !request.url().startsWith(origin)) wrong.push(`${address}: asks ${request.url()}`)
    })
    await page.setViewport(look.viewport)
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: look.scheme }])
    for (address of pages) {
      await page.goto(origin + address, { waitUntil: 'networkidle0' })
      const seen = await page.evaluate(() => ({
        heading: document.querySelector('h1')?.textContent ?? '',
        text: document.querySelector('main')?.textContent.length ?? 0,
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        dark: document.documentElement.classList.contains('dark'),
        broken: [...document.images].filter((image) => image.naturalWidth === 0).map((image) => image.getAttribute('src')),
      }))
      if (seen.heading === '' || seen.text < 200) wrong.push(`${address}: there is nothing to read: ${JSON.stringify(seen)}`)
      if (seen.wide > 0) wrong.push(`${address}: is ${seen.wide} pixels wider than the ${look.name}`)
      if (seen.dark !== (look.scheme === 'dark')) wrong.push(`${address}: is not ${look.scheme}`)
      for (const source of seen.broken) wrong.push(`${address}: the picture ${source} is not there`)
      if (pictures && address === '/first-hour') await page.screenshot({ path: kept('site', look) })
    }
    await page.close()
    if (pictures) await keep(drawn, look, kept('pictures', look))
    assert.deepEqual(wrong, [])
  })
}

test('what a rehearsal shows in a terminal is kept as a picture', { skip: !pictures }, async () => {
  const escaped = text('../rack/screen/testdata/underway.txt').replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const look = { scheme: 'dark', viewport: { width: 640, height: 190 } }
  await keep(document(`<pre>${escaped}</pre>`, 'body { background: #16181d } pre { color: #d8dee9; font: 14px/1.35 monospace }'), look, path.join(pictures, 'terminal.png'))
})

test('the search finds a page', async () => {
  const page = await browser.newPage()
  await page.setViewport(looks[0].viewport)
  await page.goto(origin + '/', { waitUntil: 'networkidle0' })
  await page.click('#local-search button')
  await page.waitForSelector('#localsearch-input')
  await page.type('#localsearch-input', 'break-glass')
  await page.waitForSelector('.results .result')
  assert.match(await page.$eval('.results', (results) => results.textContent), /break-glass/i)
  await page.close()
})
