/** A picture as it is sent: small enough for a bad line, and drawn anew, so that nothing of the camera's is in it. */
export const MOST_PHOTOS = 6
const LONGEST_PX = 1600
const LARGEST_BYTES = 300 * 1024
/** Tried in this order until one is small enough. */
const TRIES = [[1, 0.8], [1, 0.65], [1, 0.5], [0.75, 0.6], [0.5, 0.6], [0.35, 0.5]] as const

export async function shrink(file: Blob): Promise<ArrayBuffer> {
  const image = await load(await asDataUrl(file))
  const fit = Math.min(1, LONGEST_PX / Math.max(image.naturalWidth, image.naturalHeight))
  for (const [scale, quality] of TRIES) {
    const blob = await draw(image, fit * scale, quality)
    if (blob.size <= LARGEST_BYTES) return blob.arrayBuffer()
  }
  throw new Error('too large')
}

/** `data:` and not `blob:`: the page's content security policy knows no other. */
export function asDataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as string)
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(blob)
  })
}

function load(url: string): Promise<HTMLImageElement> {
  return new Promise((resolve, reject) => {
    const image = new Image()
    image.onload = () => resolve(image)
    image.onerror = () => reject(new Error('not a picture'))
    image.src = url
  })
}

function draw(image: HTMLImageElement, scale: number, quality: number): Promise<Blob> {
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale))
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale))
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('not drawn'))), 'image/jpeg', quality)
  })
}
