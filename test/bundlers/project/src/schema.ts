export interface Sale {
  shop: string;
  amount: number;
}

export interface Shop {
  shop: string;
  city: string;
}
